#pragma once

#include <vector>

#include "drawing/layered_layout_lanes.h"

namespace grange {

/// The least distances between the middles of vertices that follow each other in a layer.
struct LaneSpacing {
  const LaneGraph& graph;
  const std::vector<LayoutNode>& nodes;
  double node_gap;
  double lane_gap;

  double height(std::uint32_t vertex) const {
    return graph.is_lane(vertex) ? 0 : nodes[vertex].height;
  }
  double between(std::uint32_t upper, std::uint32_t lower) const;
};

/// The y of the middle of each vertex, so that the whole begins at 0: in the order of the layers,
/// apart as `spacing` demands, each near what it is linked with, trunks of lanes level wherever
/// there is room.
///
/// This is the priority method, with each layer solved exactly. (The blocks of Brandes and Köpf
/// make straighter edges, but hold whole regions apart: two to three times the height at 500
/// nodes.)
std::vector<double> assign_coordinates(const LaneGraph& graph, const LaneSpacing& spacing);

}  // namespace grange
