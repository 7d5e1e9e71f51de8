#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "derivation/derivation_graph.h"
#include "store/store.h"

namespace grange {

/// Every declared output of a derivation, and where it is: because its path does not depend on
/// content, or because the store knows a realisation. Nothing while nobody knows.
using OutputPaths = std::map<std::string, std::optional<StorePath>>;

/// The output maps of derivations of a graph (read from the eval store), as `store` knows them:
/// asked once for all, never by listing. Empty for those that are not verified.
std::vector<OutputPaths> output_maps(const DerivationGraph& graph,
                                     const std::vector<StorePath>& derivations, Store& store);

}  // namespace grange
