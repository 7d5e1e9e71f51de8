#pragma once

#include <set>
#include <vector>

#include "derivation/derivation_graph.h"
#include "derivation/drv_output.h"
#include "store/store.h"

namespace grange {

/// Of derivations whose outputs depend on content: the realisations that `store` has, under their
/// own ids and under those of what they were resolved to. With the latter whoever fetches from
/// there is cut off although its inputs are written in another way. Two questions for all.
std::set<DrvOutput> known_realisations(const DerivationGraph& graph,
                                       const std::vector<DerivationIndex>& derivations,
                                       const DerivationReader& read, Store& store);

}  // namespace grange
