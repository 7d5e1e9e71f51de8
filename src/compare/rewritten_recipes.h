#pragma once

#include <span>
#include <vector>

#include "compare/compare.h"
#include "derivation/derivation_graph.h"

namespace grange {

/// The recipes below `head_roots` that are not below `base_roots` and promise what another recipe
/// there promises, where their own fields differ. One entry per output set, by name, then path.
///
/// Only fixed-output ones can be: an input-addressed path (and the id of a floating output) is a
/// digest of all fields with each input replaced by what it is equivalent to.
std::vector<RewrittenRecipe> find_rewritten_recipes(const DerivationGraph& graph,
                                                    std::span<const DerivationIndex> base_roots,
                                                    std::span<const DerivationIndex> head_roots,
                                                    const DerivationReader& read);

}  // namespace grange
