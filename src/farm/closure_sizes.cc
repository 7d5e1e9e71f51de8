#include "farm/closure_sizes.h"

#include <set>
#include <string>
#include <vector>

#include "build/output_maps.h"

namespace grange {
namespace {

using SizeOfSide = std::optional<std::uint64_t> ClosureSize::*;

struct Asked {
  const std::string* label;
  SizeOfSide side;
};

/// All of its outputs; none where one of them is not known.
std::set<StorePath> all_outputs(const OutputPaths& outputs) {
  std::set<StorePath> paths;
  for (const auto& [name, path] : outputs) {
    if (!path) return {};
    paths.insert(*path);
  }
  return paths;
}

}  // namespace

void find_closure_sizes(Explanation& explanation, const Comparison& comparison,
                        const TargetMap& base, const TargetMap& head, const DerivationGraph& graph,
                        LocalStore& store) {
  std::vector<Asked> asked;
  std::vector<StorePath> derivations;
  const auto ask = [&](const TargetMap& map, const std::string& label, SizeOfSide side) {
    const auto found = map.targets.find(label);
    if (found == map.targets.end()) return;
    asked.push_back({&label, side});
    derivations.push_back(found->second.derivation);
  };
  for (const auto& target : comparison.targets) {
    if (target.verdict == Verdict::same || target.verdict == Verdict::equivalent) continue;
    ask(base, target.label, &ClosureSize::base);
    ask(head, target.label, &ClosureSize::head);
  }
  if (asked.empty()) return;
  std::vector<std::set<StorePath>> groups;
  for (const auto& outputs : output_maps(graph, derivations, store)) {
    groups.push_back(all_outputs(outputs));
  }
  const auto sizes = store.closure_sizes(groups);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (sizes[i]) explanation.sizes[*asked[i].label].*asked[i].side = *sizes[i];
  }
}

}  // namespace grange
