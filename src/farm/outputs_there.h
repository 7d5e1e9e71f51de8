#pragma once

#include <span>
#include <vector>

#include "derivation/derivation_graph.h"
#include "store/local_store.h"

namespace grange {

/// By derivation of the graph: are all its outputs valid in the store already? Only `asked` are
/// looked for, in one batch, and only where their paths are known beforehand.
std::vector<bool> which_are_there(const DerivationGraph& graph,
                                  std::span<const DerivationIndex> asked, LocalStore& store);

}  // namespace grange
