#pragma once

#include <cstdint>
#include <vector>

#include "drawing/layered_layout.h"

namespace grange {

/// The same edges in the same order, those that close a cycle turned round; edges from a node to
/// itself stay as they are.
std::vector<LayoutEdge> without_cycles(std::size_t nodes, std::vector<LayoutEdge> edges);

/// The layer of each node: every edge (without cycles; those from a node to itself don't count)
/// leads to a higher layer, no layer is empty, and the boxes of one are no taller together than
/// `most_height`, unless it is a single box.
std::vector<std::uint32_t> assign_layers(const std::vector<LayoutNode>& nodes,
                                         const std::vector<LayoutEdge>& edges, double node_gap,
                                         double most_height);

}  // namespace grange
