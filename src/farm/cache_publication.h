#pragma once

#include <set>
#include <stop_token>
#include <vector>

#include "derivation/derivation_graph.h"
#include "farm/ci_report.h"
#include "farm/workshop.h"
#include "store/store_reference.h"

namespace grange {

/// Copies outputs, and the realisations of those that depend on content, into a binary cache or
/// another store. A run is not lost because this fails: why it did is in the result. Throws
/// CancelledError.
CachePublication publish_outputs(const StoreReference& cache, Workshop& workshop,
                                 const DerivationGraph& graph,
                                 const std::vector<DerivationIndex>& derivations,
                                 const std::set<StorePath>& outputs, unsigned jobs,
                                 const std::stop_token& stop);

}  // namespace grange
