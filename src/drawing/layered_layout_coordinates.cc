#include "drawing/layered_layout_coordinates.h"

#include <algorithm>
#include <limits>

namespace grange {
namespace {

using Vertex = std::uint32_t;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Moves the vertices of a `LaneGraph` up and down, never past each other.
class Relaxation {
 public:
  Relaxation(const LaneGraph& graph, const LaneSpacing& spacing)
      : graph_(graph), spacing_(spacing), y_(graph.size(), 0) {
    for (const auto& layer : graph.layers) stack(layer);
  }

  /// A layer goes where the squares of its links, weighted, are least in sum. First what the layers
  /// on one side say spreads over the whole, then both sides count.
  void relax() {
    constexpr int kOneSided = 4;
    constexpr int kBothSided = 24;
    const std::size_t count = graph_.layers.size();
    for (int sweep = 0; sweep < kOneSided + kBothSided; ++sweep) {
      const bool rightward = sweep % 2 == 0;
      const bool both = sweep >= kOneSided;
      for (std::size_t step = both ? 0 : 1; step < count; ++step) {
        settle(graph_.layers[rightward ? step : count - 1 - step], both || rightward,
               both || !rightward);
      }
    }
  }

  /// Lanes that go on in each other become level, as many at a time as have a height in common that
  /// is free for all of them.
  void straighten_trunks() {
    std::vector<Vertex> run;
    for (Vertex first = 0; first < graph_.size(); ++first) {
      if (!graph_.is_lane(first) || graph_.lane_before[first] != LaneGraph::kNone) continue;
      Room shared{-kInfinity, kInfinity};
      for (Vertex lane = first; lane != LaneGraph::kNone; lane = graph_.lane_after[lane]) {
        const Room own = room(lane);
        const Room both{std::max(shared.upper, own.upper), std::min(shared.lower, own.lower)};
        if (both.upper > both.lower) {
          level(run, shared);
          run.clear();
        }
        shared = run.empty() ? own : both;
        run.push_back(lane);
      }
      level(run, shared);
      run.clear();
    }
  }

  /// Boxes move into the middle of what they are linked with, as far as there is room.
  void centre_boxes() {
    std::vector<double> linked;
    for (const auto& layer : graph_.layers) {
      for (const auto vertex : layer) {
        if (graph_.is_lane(vertex)) continue;
        linked.clear();
        for (const auto other : graph_.before[vertex]) linked.push_back(y_[other]);
        for (const auto other : graph_.after[vertex]) linked.push_back(y_[other]);
        if (linked.empty()) continue;
        const auto middle = linked.begin() + static_cast<std::ptrdiff_t>((linked.size() - 1) / 2);
        std::nth_element(linked.begin(), middle, linked.end());
        const Room free = room(vertex);
        y_[vertex] = std::clamp(*middle, free.upper, std::max(free.upper, free.lower));
      }
    }
  }

  std::vector<double> result() && {
    double upper = kInfinity;
    for (Vertex vertex = 0; vertex < y_.size(); ++vertex) {
      upper = std::min(upper, y_[vertex] - spacing_.height(vertex) / 2);
    }
    for (auto& y : y_) y -= upper;
    return std::move(y_);
  }

 private:
  struct Room {
    double upper;
    double lower;
  };

  /// One below the other, the middle of all at 0.
  void stack(const std::vector<Vertex>& layer) {
    double y = 0;
    for (std::size_t index = 1; index < layer.size(); ++index) {
      y += spacing_.between(layer[index - 1], layer[index]);
      y_[layer[index]] = y;
    }
    for (const auto vertex : layer) y_[vertex] -= y / 2;
  }

  /// Bends of long edges show most.
  double weight(Vertex a, Vertex b) const {
    constexpr double kTrunk = 8;
    constexpr double kBranch = 2;
    if (graph_.lane_after[a] == b || graph_.lane_before[a] == b) return kTrunk;
    return graph_.is_lane(a) || graph_.is_lane(b) ? kBranch : 1;
  }

  /// Finds the best y of a layer's vertices in their order: without the distances between them (so
  /// that "apart enough" becomes "not falling"), neighbours that want to pass each other are pooled
  /// and go where they want to be on average.
  void settle(const std::vector<Vertex>& layer, bool count_before, bool count_after) {
    pools_.clear();
    double distance = 0;
    for (std::size_t index = 0; index < layer.size(); ++index) {
      const Vertex vertex = layer[index];
      if (index > 0) distance += spacing_.between(layer[index - 1], vertex);
      constexpr double kGravity =
          0.02;  // towards the middle, so that what has no links stays close
      Pool pool{kGravity * -distance, kGravity, 1};
      const auto attract = [&](const std::vector<Vertex>& linked) {
        for (const auto other : linked) {
          const double strength = weight(vertex, other);
          pool.sum += strength * (y_[other] - distance);
          pool.weight += strength;
        }
      };
      if (count_before) attract(graph_.before[vertex]);
      if (count_after) attract(graph_.after[vertex]);
      while (!pools_.empty() && pools_.back().mean() >= pool.mean()) {
        pool.sum += pools_.back().sum;
        pool.weight += pools_.back().weight;
        pool.size += pools_.back().size;
        pools_.pop_back();
      }
      pools_.push_back(pool);
    }
    distance = 0;
    std::size_t index = 0;
    for (const auto& pool : pools_) {
      for (std::size_t end = index + pool.size; index < end; ++index) {
        if (index > 0) distance += spacing_.between(layer[index - 1], layer[index]);
        y_[layer[index]] = pool.mean() + distance;
      }
    }
  }

  /// Where a vertex may go while its neighbours in the layer stay.
  Room room(Vertex vertex) const {
    const auto& layer = graph_.layers[graph_.layer[vertex]];
    const std::size_t at = graph_.position[vertex];
    Room free{-kInfinity, kInfinity};
    if (at > 0) free.upper = y_[layer[at - 1]] + spacing_.between(layer[at - 1], vertex);
    if (at + 1 < layer.size()) {
      free.lower = y_[layer[at + 1]] - spacing_.between(vertex, layer[at + 1]);
    }
    return free;
  }

  void level(const std::vector<Vertex>& lanes, const Room& shared) {
    if (lanes.empty()) return;
    double sum = 0;
    for (const auto lane : lanes) sum += y_[lane];
    const double mean = sum / static_cast<double>(lanes.size());
    // A lane alone may have no room at all but the place where it is, give or take a rounding.
    const double y = std::clamp(mean, shared.upper, std::max(shared.upper, shared.lower));
    for (const auto lane : lanes) y_[lane] = y;
  }

  struct Pool {
    double sum;
    double weight;
    std::size_t size;

    double mean() const { return sum / weight; }
  };

  const LaneGraph& graph_;
  const LaneSpacing& spacing_;
  std::vector<double> y_;
  std::vector<Pool> pools_;  ///< of the layer at hand
};

}  // namespace

double LaneSpacing::between(std::uint32_t upper, std::uint32_t lower) const {
  const bool lanes = graph.is_lane(upper) && graph.is_lane(lower);
  const bool boxes = !graph.is_lane(upper) && !graph.is_lane(lower);
  constexpr double kMixed = 0.8;
  const double gap = lanes ? lane_gap : boxes ? node_gap : std::max(lane_gap, node_gap * kMixed);
  return height(upper) / 2 + gap + height(lower) / 2;
}

std::vector<double> assign_coordinates(const LaneGraph& graph, const LaneSpacing& spacing) {
  if (graph.size() == 0) return {};
  Relaxation relaxation(graph, spacing);
  relaxation.relax();
  for (int round = 0; round < 3; ++round) {
    relaxation.straighten_trunks();
    relaxation.centre_boxes();
  }
  return std::move(relaxation).result();
}

}  // namespace grange
