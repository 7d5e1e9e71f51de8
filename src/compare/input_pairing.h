#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "compare/promises.h"
#include "compare/recipe_text.h"
#include "derivation/derivation_graph.h"

namespace grange {

/// Pairs the inputs of a recipe with those of its counterpart. Not thread safe.
class InputPairing {
 public:
  using Pair = std::pair<DerivationIndex, DerivationIndex>;  ///< base, head

  InputPairing(const DerivationGraph& graph, const ClosureSides& sides, const Promises& promises,
               const DerivationReader& read);

  /// The changed inputs of `head` that stand for inputs of `base`, which are not among those of
  /// `head`. What is not paired was removed, or is new there.
  const std::vector<Pair>& pair(DerivationIndex base, DerivationIndex head);

  /// How much the two are alike where one can stand for the other: of one name, or of one package
  /// name and alike, or renamed: alike, and the head side has nothing of the base's package name.
  std::optional<double> fit(DerivationIndex base, DerivationIndex head);

 private:
  using Inputs = std::vector<DerivationIndex>;

  std::optional<double> likeness(DerivationIndex base, DerivationIndex head);
  void find_unequal(DerivationIndex base, DerivationIndex head);
  void pair_by_name();
  void pair_group(Inputs& base, Inputs& head);
  void pair_by_role(Inputs& base, Inputs& head, bool alike);
  std::uint64_t role(const RecipeText& recipe, DerivationIndex input) const;
  void take(Inputs& base, std::size_t b, Inputs& head, std::size_t h);

  const DerivationGraph& graph_;
  const Promises& promises_;
  const DerivationReader& read_;
  std::unordered_set<std::string_view> head_packages_;  ///< names, of the graph
  std::unordered_map<std::uint64_t, std::optional<double>> likeness_;
  // Of the present call.
  DerivationIndex base_ = 0, head_ = 0;
  bool have_texts_ = false;
  RecipeText base_text_, head_text_, other_base_, other_head_;
  Inputs base_inputs_, head_inputs_, base_rest_, head_rest_;
  std::vector<Pair> pairs_;
};

}  // namespace grange
