#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "derivation/derivation_graph.h"

namespace grange {

/// Which causes touch which changed derivations.
struct Attribution {
  std::vector<std::size_t> derivations;        ///< by cause: how many it touches
  std::vector<std::size_t> derivations_alone;  ///< by cause: how many nothing else touches
  std::vector<double> seconds;                 ///< by cause: of those whose duration is known
  std::vector<std::size_t> unknown_durations;  ///< by cause: how many others it touches
  /// For each derivation asked for, its causes, ascending.
  std::vector<std::vector<std::uint32_t>> causes;
};

/// `changed`: all changed derivations, inputs before what uses them. `cause_of`: by derivation, the
/// number of the cause that it is, or kNoCause. `asked`: derivations whose causes are told.
/// `durations`: by derivation; empty: none is known.
///
/// A cause touches what can reach it through inputs; a fixed output passes nothing on from below,
/// as its promise does not depend on its inputs. Done for 256 causes at a time: memory is linear in
/// derivations, time in edges × causes ÷ 256.
Attribution attribute_causes(const DerivationGraph& graph, std::span<const DerivationIndex> changed,
                             std::span<const std::uint32_t> cause_of, std::size_t causes,
                             std::span<const DerivationIndex> asked,
                             std::span<const std::optional<double>> durations = {});

inline constexpr std::uint32_t kNoCause = 0xffffffff;

}  // namespace grange
