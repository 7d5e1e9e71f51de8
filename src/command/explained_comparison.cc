#include "command/explained_comparison.h"

#include <filesystem>
#include <optional>
#include <vector>

#include "base/error.h"
#include "command/state_directory.h"
#include "farm/closure_sizes.h"
#include "farm/expected_durations.h"
#include "farm/outputs_there.h"
#include "record/record.h"

namespace grange {
namespace {

std::vector<std::optional<double>> recorded_durations(const DerivationGraph& graph,
                                                      const Changes& changes) {
  if (changes.changed().empty()) return {};
  std::filesystem::path file;
  try {
    file = default_record_file(default_state_directory());
  } catch (const NotFoundError&) {
    return {};  // not even a home
  }
  if (!std::filesystem::exists(file)) return {};
  return expected_durations(graph, changes.changed(), *Record::open(file));
}

}  // namespace

ExplainedComparison explain_maps(const TargetMap& base, const TargetMap& head,
                                 const StoreDir& store, const DerivationReader& read,
                                 const SourceReader& sources, LocalStore* outputs) {
  auto graph = DerivationGraph::load(store, derivations_to_explain(base, head), read);
  auto comparison = compare_targets(base, head, graph, read);
  auto changes = Changes::find(base, head, graph, read, sources);
  std::vector<bool> there;
  if (outputs != nullptr) there = which_are_there(graph, changes.changed(), *outputs);
  auto explanation = explain(graph, changes, head, recorded_durations(graph, changes), there);
  if (outputs != nullptr) {
    find_closure_sizes(explanation, comparison, base, head, graph, *outputs);
  }
  return {std::move(graph), std::move(comparison), std::move(changes), std::move(explanation)};
}

}  // namespace grange
