#include "drawing/layered_layout_piece.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "drawing/layered_layout_coordinates.h"
#include "drawing/layered_layout_lanes.h"
#include "drawing/layered_layout_layers.h"
#include "drawing/layered_layout_order.h"

namespace grange {
namespace {

/// A few boxes may stand in one column; many are spread so that the whole fits a wide window.
double fitting_layer_height(const std::vector<LayoutNode>& nodes, const LayoutOptions& options) {
  constexpr double kAspect = 1.4;
  constexpr double kFewBoxes = 14;
  double area = 0;
  double height = 0;
  for (const auto& node : nodes) {
    area += (node.width + options.layer_gap) * (node.height + options.node_gap);
    height += node.height + options.node_gap;
  }
  const double few = nodes.empty() ? 0 : height / static_cast<double>(nodes.size()) * kFewBoxes;
  return std::max(few, std::sqrt(area / kAspect));
}

/// The left and right of each layer's column.
struct Column {
  double left = 0;
  double right = 0;
};

std::vector<Column> columns(const LaneGraph& graph, const std::vector<LayoutNode>& nodes,
                            const std::vector<double>& y, double gap) {
  // Steep links need room, or they'd be as good as upright; more than this much helps no more.
  constexpr double kSteepest = 8;
  constexpr double kMostGaps = 2.5;
  std::vector<Column> result(graph.layers.size());
  double left = 0;
  for (std::size_t number = 0; number < graph.layers.size(); ++number) {
    double width = 0;
    double rise = 0;
    for (const auto vertex : graph.layers[number]) {
      if (!graph.is_lane(vertex)) width = std::max(width, nodes[vertex].width);
      for (const auto to : graph.after[vertex]) rise = std::max(rise, std::abs(y[to] - y[vertex]));
    }
    result[number] = {left, left + width};
    left += width + std::clamp(rise / kSteepest, gap, gap * kMostGaps);
  }
  return result;
}

class LaneRouter {
 public:
  LaneRouter(const LaneGraph& graph, const std::vector<LayoutNode>& nodes,
             const std::vector<Column>& columns, const std::vector<double>& y)
      : graph_(graph), nodes_(nodes), columns_(columns), y_(y) {}

  std::vector<LayoutPoint> route(const std::vector<std::uint32_t>& way) const {
    std::vector<LayoutPoint> points;
    for (std::size_t step = 0; step < way.size(); ++step) {
      const auto vertex = way[step];
      const Column& column = columns_[graph_.layer[vertex]];
      const double from = graph_.is_lane(vertex) ? column.left : column.left + nodes_[vertex].width;
      if (step > 0) points.push_back({column.left, y_[vertex]});
      if (step + 1 < way.size()) {
        // A box narrower than its column has the rest of it to itself.
        if (points.empty() && from != column.right) points.push_back({from, y_[vertex]});
        points.push_back({column.right, y_[vertex]});
      }
    }
    return points;
  }

 private:
  const LaneGraph& graph_;
  const std::vector<LayoutNode>& nodes_;
  const std::vector<Column>& columns_;
  const std::vector<double>& y_;
};

}  // namespace

LayeredLayout lay_out_piece(const std::vector<LayoutNode>& nodes,
                            const std::vector<LayoutEdge>& edges, const LayoutOptions& options) {
  const double most_height = options.most_layer_height > 0 ? options.most_layer_height
                                                           : fitting_layer_height(nodes, options);
  const auto forward = without_cycles(nodes.size(), edges);
  const auto layers = assign_layers(nodes, forward, options.node_gap, most_height);
  LaneGraph graph = make_lanes(layers, forward, options.most_lanes);

  LayeredLayout layout;
  layout.layers = graph.layers.size();
  layout.crossings_at_first = count_crossings(graph);
  layout.crossings = reduce_crossings(graph);
  const auto y = assign_coordinates(graph, {graph, nodes, options.node_gap, options.lane_gap});
  const auto across = columns(graph, nodes, y, options.layer_gap);

  if (!across.empty()) layout.width = across.back().right;
  for (std::uint32_t vertex = 0; vertex < graph.size(); ++vertex) {
    const double half = graph.is_lane(vertex) ? 0 : nodes[vertex].height / 2;
    layout.height = std::max(layout.height, y[vertex] + half);
    if (graph.is_lane(vertex)) continue;
    layout.nodes.push_back({{across[layers[vertex]].left, y[vertex] - half}, layers[vertex]});
  }
  const LaneRouter router(graph, nodes, across, y);
  for (std::size_t edge = 0; edge < edges.size(); ++edge) {
    auto route = router.route(graph.ways[edge]);
    if (edges[edge].from != forward[edge].from) std::reverse(route.begin(), route.end());
    layout.routes.push_back(std::move(route));
  }
  return layout;
}

}  // namespace grange
