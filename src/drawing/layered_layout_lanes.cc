#include "drawing/layered_layout_lanes.h"

#include <algorithm>
#include <utility>

namespace grange {
namespace {

using Vertex = std::uint32_t;

/// Makes the graph, edge by edge.
class LaneMaker {
 public:
  explicit LaneMaker(const std::vector<std::uint32_t>& layer_of_node)
      : trunk_from_(layer_of_node.size()), trunk_to_(layer_of_node.size()) {
    graph_.boxes = layer_of_node.size();
    graph_.layer = layer_of_node;
    for (std::size_t box = 0; box < graph_.boxes; ++box) add_neighbour_lists();
  }

  std::uint32_t span(const LayoutEdge& edge) const {
    return graph_.layer[edge.to] - graph_.layer[edge.from];
  }

  /// The edge goes along the trunk that starts at its source; no if that needs too many lanes.
  bool go_out(const LayoutEdge& edge, std::size_t most_lanes, std::vector<Vertex>& way) {
    auto& trunk = trunk_from_[edge.from];
    if (!grow(trunk, edge.from, span(edge) - 1, most_lanes, true)) return false;
    way.push_back(edge.from);
    way.insert(way.end(), trunk.begin(), trunk.begin() + span(edge) - 1);
    way.push_back(edge.to);
    link(way[way.size() - 2], edge.to);
    return true;
  }

  /// The same along the trunk that ends at its target.
  bool go_in(const LayoutEdge& edge, std::size_t most_lanes, std::vector<Vertex>& way) {
    auto& trunk = trunk_to_[edge.to];
    if (!grow(trunk, edge.to, span(edge) - 1, most_lanes, false)) return false;
    way.push_back(edge.to);
    way.insert(way.end(), trunk.begin(), trunk.begin() + span(edge) - 1);
    way.push_back(edge.from);
    std::reverse(way.begin(), way.end());
    link(edge.from, way[1]);
    return true;
  }

  void link(Vertex from, Vertex to) {
    graph_.after[from].push_back(to);
    graph_.before[to].push_back(from);
  }

  /// Edges given twice, and edges that meet, leave the same link.
  LaneGraph finish() && {
    for (auto* lists : {&graph_.before, &graph_.after}) {
      for (auto& list : *lists) {
        std::sort(list.begin(), list.end());
        list.erase(std::unique(list.begin(), list.end()), list.end());
      }
    }
    return std::move(graph_);
  }

 private:
  void add_neighbour_lists() {
    graph_.before.emplace_back();
    graph_.after.emplace_back();
    graph_.lane_before.push_back(LaneGraph::kNone);
    graph_.lane_after.push_back(LaneGraph::kNone);
  }

  bool grow(std::vector<Vertex>& trunk, Vertex root, std::size_t length, std::size_t most_lanes,
            bool rightward) {
    const std::size_t lanes = graph_.size() - graph_.boxes;
    if (length > trunk.size() && length - trunk.size() > most_lanes - lanes) return false;
    while (trunk.size() < length) {
      const Vertex end = trunk.empty() ? root : trunk.back();
      const auto lane = static_cast<Vertex>(graph_.size());
      graph_.layer.push_back(rightward ? graph_.layer[end] + 1 : graph_.layer[end] - 1);
      add_neighbour_lists();
      const auto [from, to] = rightward ? std::pair(end, lane) : std::pair(lane, end);
      link(from, to);
      if (!trunk.empty()) {
        graph_.lane_after[from] = to;
        graph_.lane_before[to] = from;
      }
      trunk.push_back(lane);
    }
    return true;
  }

  LaneGraph graph_;
  std::vector<std::vector<Vertex>> trunk_from_;  ///< of each box, the lanes of its trunk outward
  std::vector<std::vector<Vertex>> trunk_to_;
};

/// Depth first, so that a tree comes out without a crossing; a trunk goes on in the middle of what
/// branches off, so that it can stay level.
void order_by_walk(LaneGraph& graph) {
  std::vector<bool> seen(graph.size(), false);
  std::vector<Vertex> todo;
  for (Vertex root = 0; root < graph.boxes; ++root) {
    if (graph.before[root].empty()) todo.push_back(root);
    while (!todo.empty()) {
      const Vertex vertex = todo.back();
      todo.pop_back();
      if (seen[vertex]) continue;
      seen[vertex] = true;
      graph.layers[graph.layer[vertex]].push_back(vertex);
      auto after = graph.after[vertex];
      const auto lanes = std::find_if(after.begin(), after.end(),
                                      [&](Vertex other) { return graph.is_lane(other); });
      std::rotate(after.begin() + (lanes - after.begin()) / 2, lanes, after.end());
      todo.insert(todo.end(), after.rbegin(), after.rend());
    }
  }
}

}  // namespace

void LaneGraph::renumber(std::size_t number) {
  const auto& vertices = layers[number];
  for (std::uint32_t index = 0; index < vertices.size(); ++index) position[vertices[index]] = index;
}

LaneGraph make_lanes(const std::vector<std::uint32_t>& layer_of_node,
                     const std::vector<LayoutEdge>& edges, std::size_t most_lanes) {
  LaneMaker maker(layer_of_node);
  std::vector<std::vector<Vertex>> ways(edges.size());
  std::vector<std::size_t> long_edges;
  std::vector<std::size_t> long_out(layer_of_node.size());
  std::vector<std::size_t> long_in(layer_of_node.size());
  for (std::size_t number = 0; number < edges.size(); ++number) {
    const auto& edge = edges[number];
    if (edge.from == edge.to) continue;
    if (maker.span(edge) == 1) {
      maker.link(edge.from, edge.to);
      ways[number] = {edge.from, edge.to};
    } else {
      long_edges.push_back(number);
      ++long_out[edge.from];
      ++long_in[edge.to];
    }
  }
  std::stable_sort(long_edges.begin(), long_edges.end(), [&](std::size_t a, std::size_t b) {
    return maker.span(edges[a]) < maker.span(edges[b]);
  });
  for (const auto number : long_edges) {
    const auto& edge = edges[number];
    const bool done = long_out[edge.from] >= long_in[edge.to]
                          ? maker.go_out(edge, most_lanes, ways[number])
                          : maker.go_in(edge, most_lanes, ways[number]);
    if (!done) ways[number] = {edge.from, edge.to};
  }
  LaneGraph graph = std::move(maker).finish();
  graph.ways = std::move(ways);
  const auto& layers = graph.layer;
  graph.layers.resize(
      layers.empty() ? 0 : *std::max_element(layers.begin(), layers.end()) + std::size_t{1});
  graph.position.resize(graph.size());
  order_by_walk(graph);
  for (std::size_t number = 0; number < graph.layers.size(); ++number) graph.renumber(number);
  return graph;
}

}  // namespace grange
