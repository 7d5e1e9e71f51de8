#include "farm/expected_durations.h"

#include <string>

namespace grange {

std::vector<std::optional<double>> expected_durations(const DerivationGraph& graph,
                                                      std::span<const DerivationIndex> asked,
                                                      Record& record) {
  std::vector<std::optional<double>> durations(graph.size());
  std::vector<DurationQuery> queries;
  std::vector<DerivationIndex> indices;
  for (const auto index : asked) {
    const auto output_set = graph.output_set(index);
    if (!output_set) continue;
    queries.push_back({*output_set, std::string(graph.derivation_name(index))});
    indices.push_back(index);
  }
  if (queries.empty()) return durations;
  const auto found = record.expected_durations(queries);
  for (std::size_t i = 0; i < found.size(); ++i) durations[indices[i]] = found[i];
  return durations;
}

}  // namespace grange
