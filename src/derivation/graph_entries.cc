#include "derivation/graph_entries.h"

#include <algorithm>

#include "base/check.h"

namespace grange {

DerivationIndex GraphEntries::first_unfinished_input(DerivationIndex number) const {
  const auto& inputs = entries_[number].node.inputs;
  const auto found = std::find_if(inputs.begin(), inputs.end(),
                                  [&](const auto& edge) { return !entries_[edge.input].finished; });
  GRANGE_CHECK(found != inputs.end());
  return found->input;
}

}  // namespace grange
