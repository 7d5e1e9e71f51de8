#pragma once

#include "compare/changes.h"
#include "compare/compare.h"
#include "compare/explanation.h"
#include "derivation/derivation_graph.h"
#include "derivation/target_map.h"
#include "store/local_store.h"

namespace grange {

/// Two maps, compared and explained, with the graph that says so.
struct ExplainedComparison {
  DerivationGraph graph;
  Comparison comparison;
  Changes changes;
  Explanation explanation;
};

/// Loads the closures and explains; durations are those of the record of the state directory, where
/// there is one. `outputs`, where there is one: a store that may hold outputs of both sides, for
/// what need not be built and how large it is.
ExplainedComparison explain_maps(const TargetMap& base, const TargetMap& head,
                                 const StoreDir& store, const DerivationReader& read,
                                 const SourceReader& sources, LocalStore* outputs = nullptr);

}  // namespace grange
