#pragma once

#include <vector>

#include "drawing/layered_layout.h"

namespace grange {

/// `edges` of a graph of `nodes` nodes in their order, without repetitions, edges from a node to
/// itself, and edges that say nothing that others don't: from A to C where a longer way leads from
/// A to C (the transitive reduction). Where there is a cycle, only repetitions and loops are left
/// out.
std::vector<LayoutEdge> without_implied(std::size_t nodes, std::vector<LayoutEdge> edges);

}  // namespace grange
