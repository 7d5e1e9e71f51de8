#pragma once

#include <optional>
#include <span>
#include <vector>

#include "derivation/derivation_graph.h"
#include "record/record.h"

namespace grange {

/// By derivation of the graph: seconds that making it should take, by what the record knows. Only
/// `asked` are looked for, in one query.
std::vector<std::optional<double>> expected_durations(const DerivationGraph& graph,
                                                      std::span<const DerivationIndex> asked,
                                                      Record& record);

}  // namespace grange
