#include "compare/attribution.h"

#include <algorithm>
#include <array>
#include <bit>

namespace grange {
namespace {

constexpr std::size_t kWords = 4;
constexpr std::uint32_t kBlock = kWords * 64;
using Block = std::array<std::uint64_t, kWords>;

template <typename Visit>
void for_each_bit(const Block& block, const Visit& visit) {
  for (std::size_t word = 0; word < kWords; ++word) {
    for (auto bits = block[word]; bits != 0; bits &= bits - 1) {
      visit(static_cast<std::uint32_t>(word * 64) +
            static_cast<std::uint32_t>(std::countr_zero(bits)));
    }
  }
}

}  // namespace

Attribution attribute_causes(const DerivationGraph& graph, std::span<const DerivationIndex> changed,
                             std::span<const std::uint32_t> cause_of, std::size_t causes,
                             std::span<const DerivationIndex> asked,
                             std::span<const std::optional<double>> durations) {
  Attribution result;
  result.derivations.resize(causes);
  result.derivations_alone.resize(causes);
  result.seconds.resize(causes);
  result.unknown_durations.resize(causes);
  result.causes.resize(asked.size());
  std::vector<Block> touched(graph.size());
  // Over all blocks: how many causes touch it, and the last of them.
  std::vector<std::uint32_t> counts(graph.size()), last(graph.size());
  for (std::uint32_t first = 0; first < causes; first += kBlock) {
    for (const auto index : changed) {
      Block block{};
      const auto own = cause_of[index];
      if (own != kNoCause && own >= first && own - first < kBlock) {
        block[(own - first) / 64] |= std::uint64_t{1} << (own - first) % 64;
      }
      if (graph.kind(index) != DerivationKind::fixed) {
        // What is not changed stays without causes: it was never given any.
        for (const auto& edge : graph.inputs(index)) {
          for (std::size_t word = 0; word < kWords; ++word)
            block[word] |= touched[edge.input][word];
        }
      }
      touched[index] = block;
      const bool timed = !durations.empty() && durations[index].has_value();
      for_each_bit(block, [&](std::uint32_t bit) {
        if (timed) {
          result.seconds[first + bit] += *durations[index];
        } else {
          ++result.unknown_durations[first + bit];
        }
        ++result.derivations[first + bit];
        ++counts[index];
        last[index] = first + bit;
      });
    }
    for (std::size_t i = 0; i < asked.size(); ++i) {
      for_each_bit(touched[asked[i]],
                   [&](std::uint32_t bit) { result.causes[i].push_back(first + bit); });
    }
  }
  for (const auto index : changed) {
    if (counts[index] == 1) ++result.derivations_alone[last[index]];
  }
  return result;
}

}  // namespace grange
