#include "farm/realised_outputs.h"

#include <map>
#include <string>

#include "base/error.h"
#include "build/derivation_file.h"
#include "build/output_maps.h"
#include "build/resolved_recipe.h"
#include "derivation/depends_on_content.h"

namespace grange {
namespace {

/// Where the outputs of all inputs of these derivations are.
std::map<DerivationIndex, OutputPaths> input_outputs(const DerivationGraph& graph,
                                                     const std::vector<DerivationIndex>& recipes,
                                                     Store& store) {
  std::set<DerivationIndex> inputs;
  for (const auto recipe : recipes) {
    for (const auto& edge : graph.inputs(recipe)) inputs.insert(edge.input);
  }
  std::vector<StorePath> paths;
  for (const auto input : inputs) paths.push_back(graph.path(input));
  auto maps = output_maps(graph, paths, store);
  std::map<DerivationIndex, OutputPaths> outputs;
  std::size_t i = 0;
  for (const auto input : inputs) outputs.emplace_hint(outputs.end(), input, std::move(maps[i++]));
  return outputs;
}

}  // namespace

std::set<DrvOutput> known_realisations(const DerivationGraph& graph,
                                       const std::vector<DerivationIndex>& derivations,
                                       const DerivationReader& read, Store& store) {
  std::set<DrvOutput> ids;
  std::vector<DerivationIndex> resolved_later;
  for (const auto index : derivations) {
    if (graph.state(index) != DerivationGraph::State::verified) continue;
    if (!depends_on_content(graph.kind(index)) || graph.kind(index) == DerivationKind::impure) {
      continue;
    }
    if (const auto hash = graph.drv_output_hash(index)) {
      for (const auto& name : graph.output_names(index)) ids.insert({*hash, name});
    }
    if (!graph.inputs(index).empty()) resolved_later.push_back(index);
  }
  const auto inputs = input_outputs(graph, resolved_later, store);
  for (const auto index : resolved_later) {
    try {
      const auto recipe = resolve_recipe(
          graph.store_dir(), read_derivation_file(graph, index, read),
          [&](const StorePath& input, std::string_view output) -> std::optional<StorePath> {
            const auto found = graph.find(input);
            if (!found) return std::nullopt;
            const auto& outputs = inputs.at(*found);
            const auto path = outputs.find(std::string(output));
            return path == outputs.end() ? std::nullopt : path->second;
          });
      if (!recipe.drv_output_hash) continue;
      for (const auto& [name, how] : recipe.derivation.outputs) {
        ids.insert({*recipe.drv_output_hash, name});
      }
    } catch (const Error&) {
      // An input was never made here: then this was not made from it.
    }
  }
  std::set<DrvOutput> known;
  for (const auto& [id, realisation] : store.realisations(ids)) known.insert(known.end(), id);
  return known;
}

}  // namespace grange
