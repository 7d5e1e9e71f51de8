#include "build/output_maps.h"

#include <set>

namespace grange {

std::vector<OutputPaths> output_maps(const DerivationGraph& graph,
                                     const std::vector<StorePath>& derivations, Store& store) {
  std::set<DrvOutput> ids;
  std::vector<std::optional<DerivationIndex>> indices;
  for (const auto& derivation : derivations) {
    auto& index = indices.emplace_back(graph.find(derivation));
    if (index && graph.state(*index) != DerivationGraph::State::verified) index.reset();
    if (!index || graph.kind(*index) == DerivationKind::impure) continue;
    const auto hash = graph.drv_output_hash(*index);
    for (const auto& name : graph.output_names(*index)) {
      if (hash && !graph.output_path(*index, name)) ids.insert({*hash, name});
    }
  }
  const auto realisations = store.realisations(ids);
  std::vector<OutputPaths> maps;
  for (const auto& index : indices) {
    auto& map = maps.emplace_back();
    if (!index) continue;
    const bool impure = graph.kind(*index) == DerivationKind::impure;
    const auto hash = impure ? std::nullopt : graph.drv_output_hash(*index);
    for (const auto& name : graph.output_names(*index)) {
      auto path = graph.output_path(*index, name);
      if (!path && hash) {
        const auto found = realisations.find({*hash, name});
        if (found != realisations.end()) path = found->second.out_path;
      }
      map.emplace(name, std::move(path));
    }
  }
  return maps;
}

}  // namespace grange
