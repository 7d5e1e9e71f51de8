#pragma once

#include <optional>
#include <span>
#include <vector>

#include "compare/changes.h"

namespace grange {

/// What building the changes will take, as far as that is known.
struct ChangeCost {
  std::size_t steps = 0;              ///< derivations to build
  std::size_t there = 0;              ///< changed, but their outputs are there or can be fetched
  double seconds = 0;                 ///< machine time of those steps whose duration is known
  std::size_t unknown_durations = 0;  ///< the other steps
  double critical_seconds = 0;        ///< the longest chain of steps that wait for each other
  std::vector<DerivationIndex> critical_path;  ///< that chain, the first step first
};

/// `roots`: what is asked for. `durations`: seconds by derivation, in size of the graph; empty:
/// none is known. `there`: derivations whose outputs need not be built, by derivation; empty: none.
ChangeCost cost_of(const DerivationGraph& graph, const Changes& changes,
                   std::span<const DerivationIndex> roots,
                   std::span<const std::optional<double>> durations,
                   const std::vector<bool>& there = {});

}  // namespace grange
