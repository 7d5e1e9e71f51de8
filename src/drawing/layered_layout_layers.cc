#include "drawing/layered_layout_layers.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

namespace grange {
namespace {

using Layer = std::uint32_t;

struct Neighbours {
  std::vector<std::vector<std::uint32_t>> before;
  std::vector<std::vector<std::uint32_t>> after;

  Neighbours(std::size_t nodes, const std::vector<LayoutEdge>& edges)
      : before(nodes), after(nodes) {
    for (const auto& edge : edges) {
      if (edge.from == edge.to) continue;
      before[edge.to].push_back(edge.from);
      after[edge.from].push_back(edge.to);
    }
  }
};

/// Every node after all that lead to it.
std::vector<std::uint32_t> topological_order(const Neighbours& neighbours) {
  const std::size_t count = neighbours.after.size();
  std::vector<std::size_t> missing(count);
  std::vector<std::uint32_t> order;
  order.reserve(count);
  for (std::uint32_t node = 0; node < count; ++node) {
    missing[node] = neighbours.before[node].size();
    if (missing[node] == 0) order.push_back(node);
  }
  for (std::size_t next = 0; next < order.size(); ++next) {
    for (const auto to : neighbours.after[order[next]]) {
      if (--missing[to] == 0) order.push_back(to);
    }
  }
  return order;
}

/// Layers by the longest path from a source, then moved to where edges are short in sum.
class Layering {
 public:
  Layering(const std::vector<LayoutNode>& nodes, const Neighbours& neighbours)
      : nodes_(nodes),
        neighbours_(neighbours),
        order_(topological_order(neighbours)),
        layer_(nodes.size(), 0) {
    for (const auto node : order_) {
      layer_[node] = earliest(node);
      last_ = std::max(last_, layer_[node]);
    }
    tighten();
  }

  const std::vector<Layer>& layers() const { return layer_; }
  const std::vector<std::uint32_t>& order() const { return order_; }

 private:
  Layer earliest(std::uint32_t node) const {
    Layer layer = 0;
    for (const auto from : neighbours_.before[node]) layer = std::max(layer, layer_[from] + 1);
    return layer;
  }

  Layer latest(std::uint32_t node) const {
    Layer layer = last_;
    for (const auto to : neighbours_.after[node]) layer = std::min(layer, layer_[to] - 1);
    return layer;
  }

  Layer best(std::uint32_t node) const {
    const auto in = neighbours_.before[node].size();
    const auto out = neighbours_.after[node].size();
    switch (nodes_[node].pull) {
      case LayoutPull::first:
        return earliest(node);
      case LayoutPull::last:
        return latest(node);
      case LayoutPull::near:
        break;
    }
    if (in == 0 && out == 0) return layer_[node];
    return in >= out ? earliest(node) : latest(node);
  }

  /// Each move shortens the sum of edges (or follows a pull), but a chain of moves can be as long
  /// as the graph is deep: bounded, for what is left to gain by then is little.
  void tighten() {
    constexpr int kMostRounds = 16;
    bool moved = true;
    for (int round = 0; round < kMostRounds && moved; ++round) {
      moved = false;
      const auto visit = [&](std::uint32_t node) {
        const Layer layer = best(node);
        moved = moved || layer != layer_[node];
        layer_[node] = layer;
      };
      std::for_each(order_.rbegin(), order_.rend(), visit);
      std::for_each(order_.begin(), order_.end(), visit);
    }
  }

  const std::vector<LayoutNode>& nodes_;
  const Neighbours& neighbours_;
  const std::vector<std::uint32_t> order_;
  std::vector<Layer> layer_;
  Layer last_ = 0;
};

/// The layers as they come to be when none may be taller than so much: a list schedule.
class BoundedLayers {
 public:
  BoundedLayers(const std::vector<LayoutNode>& nodes, double node_gap, double most_height)
      : nodes_(nodes), gap_(node_gap), most_(most_height) {}

  /// The first layer from `from` on that has room.
  Layer put(std::uint32_t node, Layer from) {
    const double height = nodes_[node].height + gap_;
    Layer layer = from;
    while (true) {
      grow(layer);
      layer = open_layer(layer);
      grow(layer);
      if (used_[layer] == 0 || used_[layer] + height <= most_ + gap_) break;
      // Closed for good: a lower box may still have fitted, but this way no layer is asked twice.
      next_[layer] = layer + 1;
    }
    used_[layer] += height;
    return layer;
  }

 private:
  void grow(Layer layer) {
    while (used_.size() <= layer) {
      next_.push_back(static_cast<Layer>(used_.size()));
      used_.push_back(0);
    }
  }

  Layer open_layer(Layer layer) {
    Layer found = layer;
    while (found < next_.size() && next_[found] != found) found = next_[found];
    while (layer < next_.size() && next_[layer] != layer) {
      layer = std::exchange(next_[layer], found);
    }
    return found;
  }

  const std::vector<LayoutNode>& nodes_;
  const double gap_;
  const double most_;
  std::vector<double> used_;
  std::vector<Layer> next_;  ///< itself while open, else a later layer
};

/// How many edges lie between each node and the farthest sink.
std::vector<Layer> heights(const Neighbours& neighbours, const std::vector<std::uint32_t>& order) {
  std::vector<Layer> height(order.size(), 0);
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    for (const auto to : neighbours.after[*node]) {
      height[*node] = std::max(height[*node], height[to] + 1);
    }
  }
  return height;
}

/// In the order of the layers, so that whatever leads to a node is placed before it; in a layer,
/// first what more depends on, then siblings together. Sinks come last of all and fill what is
/// left, so that a crowd of them pushes nothing aside. Where they have to be spread over several
/// layers, each layer gets its share of each node's sinks: then these lie along a level trunk.
std::vector<std::uint32_t> placing_order(const Neighbours& neighbours, const Layering& layering) {
  const auto& wished = layering.layers();
  const auto height = heights(neighbours, layering.order());
  const auto parent = [&](std::uint32_t node) {
    const auto& before = neighbours.before[node];
    return before.empty() ? node : *std::min_element(before.begin(), before.end());
  };
  std::map<std::pair<Layer, std::uint32_t>, std::vector<std::uint32_t>> siblings;
  for (std::uint32_t node = 0; node < wished.size(); ++node) {
    if (height[node] == 0) siblings[{wished[node], parent(node)}].push_back(node);
  }
  std::vector<double> share(wished.size(), 0);
  for (const auto& [key, nodes] : siblings) {
    for (std::size_t index = 0; index < nodes.size(); ++index) {
      share[nodes[index]] = (static_cast<double>(index) + 0.5) / static_cast<double>(nodes.size());
    }
  }
  const auto rank = [&](std::uint32_t node) {
    return std::make_tuple(height[node] == 0, wished[node],
                           -static_cast<std::int64_t>(height[node]), share[node], parent(node),
                           node);
  };
  auto order = layering.order();
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return rank(a) < rank(b); });
  return order;
}

void close_empty_layers(std::vector<Layer>& layers) {
  if (layers.empty()) return;
  std::vector<Layer> renamed(*std::max_element(layers.begin(), layers.end()) + std::size_t{1}, 0);
  for (const auto layer : layers) renamed[layer] = 1;
  std::exclusive_scan(renamed.begin(), renamed.end(), renamed.begin(), Layer{0});
  for (auto& layer : layers) layer = renamed[layer];
}

}  // namespace

std::vector<LayoutEdge> without_cycles(std::size_t nodes, std::vector<LayoutEdge> edges) {
  std::vector<std::vector<std::size_t>> out(nodes);
  for (std::size_t edge = 0; edge < edges.size(); ++edge) out[edges[edge].from].push_back(edge);
  enum class State : std::uint8_t { unseen, open, closed };
  std::vector<State> state(nodes, State::unseen);
  std::vector<std::pair<std::uint32_t, std::size_t>> path;  // a node, and its next edge
  std::vector<std::size_t> backward;
  for (std::uint32_t root = 0; root < nodes; ++root) {
    if (state[root] != State::unseen) continue;
    state[root] = State::open;
    path.emplace_back(root, 0);
    while (!path.empty()) {
      auto& [node, next] = path.back();
      if (next == out[node].size()) {
        state[node] = State::closed;
        path.pop_back();
        continue;
      }
      const std::size_t edge = out[node][next++];
      const auto to = edges[edge].to;
      if (state[to] == State::open) backward.push_back(edge);
      if (state[to] != State::unseen) continue;
      state[to] = State::open;
      path.emplace_back(to, 0);
    }
  }
  for (const auto edge : backward) std::swap(edges[edge].from, edges[edge].to);
  return edges;
}

std::vector<std::uint32_t> assign_layers(const std::vector<LayoutNode>& nodes,
                                         const std::vector<LayoutEdge>& edges, double node_gap,
                                         double most_height) {
  const Neighbours neighbours(nodes.size(), edges);
  const Layering layering(nodes, neighbours);
  const auto& wished = layering.layers();
  const auto order = placing_order(neighbours, layering);
  BoundedLayers bounded(nodes, node_gap, most_height);
  std::vector<Layer> layers(nodes.size(), 0);
  for (const auto node : order) {
    Layer from = wished[node];
    for (const auto before : neighbours.before[node]) from = std::max(from, layers[before] + 1);
    layers[node] = bounded.put(node, from);
  }
  close_empty_layers(layers);
  return layers;
}

}  // namespace grange
