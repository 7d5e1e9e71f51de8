#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compare/field_difference.h"
#include "compare/path_identities.h"
#include "compare/recipe_text.h"
#include "derivation/derivation_graph.h"

namespace grange {

/// The content of a source file, where it is at hand: false where it is not, or is no file. Called
/// from several threads at once. An empty function: nothing is at hand.
using SourceReader = std::function<bool(const StorePath& path, std::string& content)>;

/// Compares recipes with their counterparts, once each input is replaced by what it stands for. One
/// per thread, for its buffers.
class RecipeComparer {
 public:
  RecipeComparer(const DerivationGraph& graph, const Promises& promises,
                 const PathIdentities& identities, const DerivationReader& read,
                 const SourceReader& read_source)
      : graph_(graph),
        promises_(promises),
        identities_(identities),
        read_(read),
        read_source_(read_source) {}

  /// Do their own fields differ?
  bool differ(DerivationIndex base, DerivationIndex head);
  /// All fields that differ, in the order of the list above, variables by name. Lists have an item
  /// per line: "inputs" as NAME or NAME!OUTPUT,…, "sources" as base names.
  std::vector<FieldDifference> differences(DerivationIndex base, DerivationIndex head);

 private:
  struct UsedInput {
    Promise identity;
    DerivationIndex index;
    const DerivationGraph::Edge* edge;
  };

  bool read_both(DerivationIndex base, DerivationIndex head);
  std::vector<UsedInput> used_inputs(DerivationIndex recipe) const;
  bool inputs_differ(DerivationIndex base, DerivationIndex head) const;
  void add_input_differences(DerivationIndex base, DerivationIndex head,
                             std::vector<FieldDifference>& result) const;
  std::string input_text(const UsedInput& input) const;
  bool say_the_same(TextSpan base, TextSpan head) const;
  bool outputs_differ() const;
  bool sources_differ() const;
  bool arguments_differ() const;
  void find_recipe_sources(DerivationIndex base, DerivationIndex head);
  std::optional<std::string_view> recipe_source(const RecipeText& recipe,
                                                DerivationIndex index) const;
  bool recipe_sources_differ(DerivationIndex base, DerivationIndex head) const;

  const DerivationGraph& graph_;
  const Promises& promises_;
  const PathIdentities& identities_;
  const DerivationReader& read_;
  const SourceReader& read_source_;
  RecipeText base_, head_;
  PathIdentities::SourcePairs sources_;  ///< that stand for each other
};

}  // namespace grange
