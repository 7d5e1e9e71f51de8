#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compare/counterparts.h"
#include "compare/promises.h"
#include "derivation/derivation_graph.h"

namespace grange {

/// What the store paths in the texts of two sides stand for: a changed derivation for its
/// counterpart, any other for what it promises. Texts that are equal once their paths are replaced
/// say the same, each with the inputs of its own side.
///
/// Immutable; usable from several threads. The graph and what it was made from must outlive it.
class PathIdentities {
 public:
  PathIdentities(const DerivationGraph& graph, const ClosureSides& sides, const Promises& promises,
                 const Counterparts& counterparts);

  /// Equal for what stands for the same.
  Promise of(DerivationIndex index) const {
    const auto base = counterparts_.of(index);
    return promises_.of(base ? *base : index);
  }

  /// Source files that stand for each other within one pair of recipes, by digest.
  using SourcePairs = std::vector<std::pair<std::string_view, std::string_view>>;

  /// Appends `text` with what it mentions replaced: output paths, paths of derivations,
  /// placeholders of outputs whose path is not known, and the sources of `sources`.
  void replace(std::string_view text, const SourcePairs& sources, std::string& result) const;

  /// Do two texts say the same? `a` is of the base side, `b` of the head side.
  bool say_the_same(std::string_view a, std::string_view b, const SourcePairs& sources = {}) const;

 private:
  struct Entry {
    Promise identity;
    std::uint32_t output;       ///< a number for its name; 0: the derivation itself
    std::uint16_t name_length;  ///< of the name after the digest and its dash
  };

  void add(DerivationIndex index);
  std::uint32_t number_of(const std::string& output);

  const DerivationGraph& graph_;
  const Promises& promises_;
  const Counterparts& counterparts_;
  std::string_view store_;
  std::unordered_map<std::string_view, Entry> by_digest_;  ///< keys are of the graph
  std::unordered_map<std::string, Entry> by_placeholder_;
  std::unordered_map<std::string, std::uint32_t> output_numbers_;
};

}  // namespace grange
