#pragma once

#include <cstdint>
#include <vector>

#include "compare/changes.h"

namespace grange {

/// How a cause reaches a derivation.
struct CausePath {
  std::vector<DerivationIndex> derivations;  ///< a shortest one, from the derivation to the cause
  /// How many different ones there are; kManyPaths: at least so many.
  std::uint64_t count = 0;
};
inline constexpr std::uint64_t kManyPaths = std::uint64_t{1} << 62;

/// Empty when the cause does not touch it. `from` and `cause` are derivations of the head side.
CausePath find_cause_path(const DerivationGraph& graph, const Changes& changes,
                          DerivationIndex from, DerivationIndex cause);

}  // namespace grange
