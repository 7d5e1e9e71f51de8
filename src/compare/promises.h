#pragma once

#include <cstdint>
#include <vector>

#include "compare/closure_sides.h"
#include "derivation/derivation_graph.h"

namespace grange {

/// What each derivation of a graph promises, as a number: equal for equivalent derivations. What
/// has no output set (impure, unverified) is equivalent to nothing but itself.
using Promise = std::uint32_t;

/// The promises of a graph, and which of them are new on the head side.
class Promises {
 public:
  Promises(const DerivationGraph& graph, const ClosureSides& sides);

  Promise of(DerivationIndex index) const { return promises_[index]; }
  /// Does the base side promise this too?
  bool base_has(Promise promise) const { return (known_[promise] & kBase) != 0; }
  bool head_has(Promise promise) const { return (known_[promise] & kHead) != 0; }
  /// Is it of the head side, and promises what nothing of the base side does?
  bool is_changed(DerivationIndex index) const {
    return sides_.in_head(index) && !base_has(of(index));
  }
  /// Is it of the base side, and promises what nothing of the head side does?
  bool is_vanished(DerivationIndex index) const {
    return sides_.in_base(index) && !head_has(of(index));
  }

 private:
  static constexpr std::uint8_t kBase = 1, kHead = 2;

  const ClosureSides& sides_;
  std::vector<Promise> promises_;    ///< by derivation
  std::vector<std::uint8_t> known_;  ///< by promise
};

}  // namespace grange
