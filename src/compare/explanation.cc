#include "compare/explanation.h"

#include <algorithm>

#include "compare/attribution.h"
#include "compare/change_cost.h"
#include "compare/suspicion.h"

namespace grange {
namespace {

/// Seconds and unknown durations of all that each cause touches.
void add_durations(const DerivationGraph& graph, const Changes& changes,
                   std::span<const std::optional<double>> durations,
                   std::vector<ExplainedCause>& causes) {
  std::vector<std::uint32_t> cause_of(graph.size(), kNoCause);
  for (const auto index : changes.changed()) {
    if (const auto cause = changes.cause(index)) cause_of[index] = *cause;
  }
  const auto attribution =
      attribute_causes(graph, changes.changed(), cause_of, causes.size(), {}, durations);
  for (std::size_t i = 0; i < causes.size(); ++i) {
    causes[i].unknown_durations = attribution.unknown_durations[i];
    if (causes[i].unknown_durations == causes[i].derivations) continue;
    causes[i].expected_seconds = attribution.seconds[i];
  }
}

/// A fixed output that says that it is something else now, and promises the same digest.
bool forgot_hash(const DerivationGraph& graph, const Cause& cause) {
  const bool same_hash =
      std::none_of(cause.fields.begin(), cause.fields.end(),
                   [](const FieldDifference& difference) { return difference.field == "outputs"; });
  return graph.kind(cause.head) == DerivationKind::fixed &&
         graph.kind(cause.base) == DerivationKind::fixed && same_hash &&
         is_suspicious(cause.fields);
}

}  // namespace

Explanation explain(const DerivationGraph& graph, const Changes& changes, const TargetMap& head,
                    std::span<const std::optional<double>> durations,
                    const std::vector<bool>& there) {
  Explanation result;
  for (const auto& cause : changes.causes()) {
    result.causes.push_back({std::string(graph.derivation_name(cause.head)), graph.path(cause.head),
                             graph.path(cause.base), cause.fields, cause.targets,
                             cause.targets_alone, cause.derivations, cause.derivations_alone,
                             std::nullopt, cause.derivations, forgot_hash(graph, cause)});
  }
  if (!durations.empty()) add_durations(graph, changes, durations, result.causes);
  result.targets = changes.causes_of_targets();
  result.changed = changes.changed().size();
  result.cascade = changes.cascade();
  result.fresh = changes.fresh();
  std::vector<DerivationIndex> roots;
  for (const auto& [label, causes] : result.targets) {
    if (const auto index = graph.find(head.targets.at(label).derivation)) roots.push_back(*index);
  }
  const auto cost = cost_of(graph, changes, roots, durations, there);
  result.steps = cost.steps;
  result.there = cost.there;
  result.seconds = cost.seconds;
  result.unknown_durations = cost.unknown_durations;
  result.critical_seconds = cost.critical_seconds;
  for (const auto index : cost.critical_path) {
    result.critical_path.emplace_back(graph.derivation_name(index));
  }
  return result;
}

}  // namespace grange
