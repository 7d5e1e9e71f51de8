#include "compare/cause_path.h"

#include <algorithm>

namespace grange {

CausePath find_cause_path(const DerivationGraph& graph, const Changes& changes,
                          DerivationIndex from, DerivationIndex cause) {
  constexpr std::uint32_t kUnreached = 0xffffffff;
  std::vector<std::uint32_t> steps(graph.size(), kUnreached);  // to the cause
  std::vector<std::uint64_t> counts(graph.size());
  if (changes.kind(cause) == Changes::Kind::unchanged) return {};
  steps[cause] = 0;
  counts[cause] = 1;
  for (const auto index : changes.changed()) {
    // Nothing below a fixed output reaches what is above it.
    if (index <= cause || index > from || graph.kind(index) == DerivationKind::fixed) continue;
    for (const auto& edge : graph.inputs(index)) {
      if (steps[edge.input] == kUnreached) continue;
      steps[index] = std::min(steps[index], steps[edge.input] + 1);
      counts[index] = std::min(kManyPaths, counts[index] + counts[edge.input]);
    }
  }
  CausePath path;
  if (steps[from] == kUnreached) return path;
  path.count = counts[from];
  for (auto at = from;;) {
    path.derivations.push_back(at);
    if (at == cause) return path;
    // By name among the shortest, so that the answer does not depend on digests.
    const auto next = std::min_element(
        graph.inputs(at).begin(), graph.inputs(at).end(), [&](const auto& a, const auto& b) {
          return std::pair(steps[a.input], graph.derivation_name(a.input)) <
                 std::pair(steps[b.input], graph.derivation_name(b.input));
        });
    at = next->input;
  }
}

}  // namespace grange
