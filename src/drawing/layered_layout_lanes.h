#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "drawing/layered_layout.h"

namespace grange {

/// A graph in layers whose every link leads to the next one: boxes (the nodes as given, under their
/// numbers) and lanes, the places where long edges pass a layer.
///
/// Long edges share lanes: those of a node with many long edges form one tree, whose trunk is a
/// chain of lanes. So a source of hundreds of edges needs a lane per layer, not one per edge.
struct LaneGraph {
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  std::size_t boxes = 0;
  std::vector<std::uint32_t> layer;                ///< of each vertex
  std::vector<std::vector<std::uint32_t>> layers;  ///< vertices of each, from top to bottom
  std::vector<std::uint32_t> position;             ///< of each vertex in its layer
  std::vector<std::vector<std::uint32_t>> before;  ///< neighbours in the layer before
  std::vector<std::vector<std::uint32_t>> after;   ///< neighbours in the layer after
  std::vector<std::uint32_t> lane_before;          ///< the lane that goes on in this one, or kNone
  std::vector<std::uint32_t> lane_after;
  /// For each edge: the vertices on its way, both ends included; two where it leads to the next
  /// layer or goes straight; none if it leads from a node to itself.
  std::vector<std::vector<std::uint32_t>> ways;

  std::size_t size() const { return layer.size(); }
  bool is_lane(std::uint32_t vertex) const { return vertex >= boxes; }
  /// Sets `position` from `layers[number]`.
  void renumber(std::size_t number);
};

/// `edges` without cycles. The order in the layers is that of a walk from the sources.
LaneGraph make_lanes(const std::vector<std::uint32_t>& layer_of_node,
                     const std::vector<LayoutEdge>& edges, std::size_t most_lanes);

}  // namespace grange
