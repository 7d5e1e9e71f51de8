#pragma once

#include "compare/compare.h"
#include "compare/explanation.h"
#include "derivation/derivation_graph.h"
#include "derivation/target_map.h"
#include "store/local_store.h"

namespace grange {

/// Fills the `sizes` of an explanation with what the store has of the outputs of labels that are
/// not the same. `graph` holds the derivations of both sides.
void find_closure_sizes(Explanation& explanation, const Comparison& comparison,
                        const TargetMap& base, const TargetMap& head, const DerivationGraph& graph,
                        LocalStore& store);

}  // namespace grange
