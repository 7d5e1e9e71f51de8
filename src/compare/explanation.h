#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compare/changes.h"
#include "compare/field_difference.h"
#include "derivation/derivation_graph.h"
#include "derivation/store_path.h"
#include "derivation/target_map.h"

namespace grange {

/// One cause as it is told, without the graph. See Cause.
struct ExplainedCause {
  std::string name;  ///< of the head's derivation
  StorePath derivation;
  StorePath base_derivation;
  std::vector<FieldDifference> fields;
  std::size_t targets = 0;
  std::size_t targets_alone = 0;
  std::size_t derivations = 0;
  std::size_t derivations_alone = 0;
  /// What building all that it touches should take; nothing when no duration is known.
  std::optional<double> expected_seconds;
  std::size_t unknown_durations = 0;  ///< derivations that `expected_seconds` does not count
  /// A fixed output whose version or revision changed, but not its hash.
  bool suspicious = false;
  /// Where sources changed and both sides' were at hand, a line for each of them: which of its
  /// files differ.
  std::vector<std::string> source_files{};
};

/// What a target's outputs need at run time, in bytes; nothing where a side's are not at hand.
struct ClosureSize {
  std::optional<std::uint64_t> base;
  std::optional<std::uint64_t> head;
};

/// What changed and why, and what it will cost: a value, for people and reports.
struct Explanation {
  std::vector<ExplainedCause> causes;
  /// Changed and new labels with the indices of their causes.
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> targets;
  std::size_t changed = 0;  ///< derivations that the head needs and the base does not promise
  std::size_t cascade = 0;  ///< of them
  std::size_t fresh = 0;    ///< of them: stand for nothing of the base
  // Of what is to be built: see ChangeCost.
  std::size_t steps = 0;
  std::size_t there = 0;
  double seconds = 0;
  std::size_t unknown_durations = 0;
  double critical_seconds = 0;
  std::vector<std::string> critical_path;  ///< names, the first step first
  /// Of changed, new and removed labels where at least one side is known.
  std::map<std::string, ClosureSize, std::less<>> sizes{};
};

/// `durations` and `there` as for `cost_of`.
Explanation explain(const DerivationGraph& graph, const Changes& changes, const TargetMap& head,
                    std::span<const std::optional<double>> durations = {},
                    const std::vector<bool>& there = {});

}  // namespace grange
