#include "farm/outputs_there.h"

#include <algorithm>
#include <set>
#include <utility>

namespace grange {

std::vector<bool> which_are_there(const DerivationGraph& graph,
                                  std::span<const DerivationIndex> asked, LocalStore& store) {
  std::vector<bool> there(graph.size());
  std::set<StorePath> paths;
  std::vector<std::pair<DerivationIndex, std::vector<StorePath>>> known;
  for (const auto index : asked) {
    std::vector<StorePath> outputs;
    const auto names = graph.output_names(index);
    for (const auto& name : names) {
      if (auto path = graph.output_path(index, name)) outputs.push_back(std::move(*path));
    }
    if (outputs.empty() || outputs.size() < names.size()) continue;
    paths.insert(outputs.begin(), outputs.end());
    known.emplace_back(index, std::move(outputs));
  }
  if (known.empty()) return there;
  const auto valid = store.valid_among(paths);
  for (const auto& [index, outputs] : known) {
    there[index] = std::all_of(outputs.begin(), outputs.end(),
                               [&](const StorePath& path) { return valid.contains(path); });
  }
  return there;
}

}  // namespace grange
