#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "derivation/derivation_graph.h"

namespace grange {

/// Which sides' closures hold each derivation of a graph.
class ClosureSides {
 public:
  ClosureSides(const DerivationGraph& graph, std::span<const DerivationIndex> base_roots,
               std::span<const DerivationIndex> head_roots);

  bool in_base(DerivationIndex index) const { return (sides_[index] & kBase) != 0; }
  bool in_head(DerivationIndex index) const { return (sides_[index] & kHead) != 0; }
  bool only_in_base(DerivationIndex index) const { return sides_[index] == kBase; }
  bool only_in_head(DerivationIndex index) const { return sides_[index] == kHead; }

 private:
  static constexpr std::uint8_t kBase = 1, kHead = 2;

  void mark_closure(const DerivationGraph& graph, std::span<const DerivationIndex> roots,
                    std::uint8_t side);

  std::vector<std::uint8_t> sides_;
};

}  // namespace grange
