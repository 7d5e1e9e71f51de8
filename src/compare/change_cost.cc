#include "compare/change_cost.h"

#include <algorithm>

namespace grange {

ChangeCost cost_of(const DerivationGraph& graph, const Changes& changes,
                   std::span<const DerivationIndex> roots,
                   std::span<const std::optional<double>> durations,
                   const std::vector<bool>& there) {
  constexpr DerivationIndex kNone = 0xffffffff;
  ChangeCost cost;
  std::vector<bool> needed(graph.size());
  for (const auto root : roots) needed[root] = true;
  const auto& changed = changes.changed();
  // From what is asked for down: below what is there nothing is needed.
  for (auto at = changed.rbegin(); at != changed.rend(); ++at) {
    if (!needed[*at]) continue;
    if (!there.empty() && there[*at]) {
      needed[*at] = false;
      ++cost.there;
      continue;
    }
    for (const auto& edge : graph.inputs(*at)) needed[edge.input] = true;
  }
  std::vector<double> finished(graph.size());
  std::vector<DerivationIndex> before(graph.size(), kNone);
  auto last = kNone;
  for (const auto index : changed) {
    if (!needed[index]) continue;
    ++cost.steps;
    const bool timed = !durations.empty() && durations[index].has_value();
    const double seconds = timed ? *durations[index] : 0;
    cost.seconds += seconds;
    if (!timed) ++cost.unknown_durations;
    for (const auto& edge : graph.inputs(index)) {
      const auto input = edge.input;
      if (changes.kind(input) == Changes::Kind::unchanged || !needed[input]) continue;
      if (before[index] == kNone || finished[input] > finished[before[index]]) {
        before[index] = input;
      }
    }
    finished[index] = seconds;
    if (before[index] != kNone) finished[index] += finished[before[index]];
    if (last == kNone || finished[index] > finished[last]) last = index;
  }
  if (last == kNone) return cost;
  cost.critical_seconds = finished[last];
  for (auto at = last; at != kNone; at = before[at]) cost.critical_path.push_back(at);
  std::reverse(cost.critical_path.begin(), cost.critical_path.end());
  return cost;
}

}  // namespace grange
