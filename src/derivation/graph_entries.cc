#include "derivation/graph_entries.h"

#include <algorithm>

#include "base/check.h"

namespace grange {

void GraphEntries::take_over() {
  for (std::size_t i = 0; i < data_.nodes.size(); ++i) {
    auto& entry = entries_.emplace_back();
    entry.number = static_cast<DerivationIndex>(i);
    entry.node = data_.nodes[i];
    entry.unmasked = data_.grown[i].unmasked;
    entry.paths_unknown = data_.grown[i].paths_unknown;
    entry.outputs_opaque = data_.grown[i].outputs_opaque;
    entry.started = true;
    entry.finished = true;
  }
}

DerivationIndex GraphEntries::first_unfinished_input(DerivationIndex number) const {
  const auto& inputs = entries_[number].node.inputs;
  const auto found = std::find_if(inputs.begin(), inputs.end(),
                                  [&](const auto& edge) { return !entries_[edge.input].finished; });
  GRANGE_CHECK(found != inputs.end());
  return found->input;
}

}  // namespace grange
