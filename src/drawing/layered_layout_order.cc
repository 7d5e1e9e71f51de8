#include "drawing/layered_layout_order.h"

#include <algorithm>
#include <utility>

namespace grange {
namespace {

using Vertex = std::uint32_t;
using Positions = std::vector<std::uint32_t>;

/// Positions of what `vertex` is linked with, rising.
void sorted_positions(const LaneGraph& graph, const std::vector<Vertex>& neighbours,
                      Positions& result) {
  result.clear();
  for (const auto other : neighbours) result.push_back(graph.position[other]);
  std::sort(result.begin(), result.end());
}

/// Counts, for numbers that come one by one, how many before were greater (a Fenwick tree).
class GreaterBefore {
 public:
  explicit GreaterBefore(std::size_t size) : tree_(size + 1, 0) {}

  std::uint64_t count(std::uint32_t number) const {
    std::uint64_t not_greater = 0;
    for (std::size_t at = number + std::size_t{1}; at > 0; at -= at & -at) not_greater += tree_[at];
    return total_ - not_greater;
  }

  void add(std::uint32_t number) {
    ++total_;
    for (std::size_t at = number + std::size_t{1}; at < tree_.size(); at += at & -at) ++tree_[at];
  }

 private:
  std::vector<std::uint64_t> tree_;
  std::uint64_t total_ = 0;
};

/// How many links cross if the one vertex stands above the other.
std::int64_t crossings_of_pair(const Positions& upper, const Positions& lower) {
  std::int64_t crossings = 0;
  std::size_t smaller = 0;  // of `lower`
  for (const auto position : upper) {
    while (smaller < lower.size() && lower[smaller] < position) ++smaller;
    crossings += static_cast<std::int64_t>(smaller);
  }
  return crossings;
}

/// Swaps neighbours in a layer as long as that removes crossings.
void transpose(LaneGraph& graph, std::size_t number) {
  constexpr int kMostPasses = 6;
  auto& vertices = graph.layers[number];
  std::vector<std::pair<Positions, Positions>> linked(vertices.size());
  for (std::size_t index = 0; index < vertices.size(); ++index) {
    sorted_positions(graph, graph.before[vertices[index]], linked[index].first);
    sorted_positions(graph, graph.after[vertices[index]], linked[index].second);
  }
  bool better = true;
  for (int pass = 0; pass < kMostPasses && better; ++pass) {
    better = false;
    for (std::size_t index = 0; index + 1 < vertices.size(); ++index) {
      auto& upper = linked[index];
      auto& lower = linked[index + 1];
      const auto as_is = crossings_of_pair(upper.first, lower.first) +
                         crossings_of_pair(upper.second, lower.second);
      if (as_is == 0) continue;
      const auto swapped = crossings_of_pair(lower.first, upper.first) +
                           crossings_of_pair(lower.second, upper.second);
      if (swapped >= as_is) continue;
      std::swap(upper, lower);
      std::swap(vertices[index], vertices[index + 1]);
      better = true;
    }
  }
  graph.renumber(number);
}

/// Sorts a layer by the mean position of what its vertices are linked with on one side. A vertex
/// without any keeps its place. Equals are turned round on every other sweep: that leaves some
/// local minima.
void sort_by_mean(LaneGraph& graph, std::size_t number,
                  const std::vector<std::vector<Vertex>>& neighbours, bool turn_equals) {
  auto& vertices = graph.layers[number];
  std::vector<std::pair<double, Vertex>> sorted;
  std::vector<std::size_t> places;
  for (std::size_t index = 0; index < vertices.size(); ++index) {
    const auto& linked = neighbours[vertices[index]];
    if (linked.empty()) continue;
    double sum = 0;
    for (const auto other : linked) sum += graph.position[other];
    sorted.emplace_back(sum / static_cast<double>(linked.size()), vertices[index]);
    places.push_back(index);
  }
  if (turn_equals) std::reverse(sorted.begin(), sorted.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t index = 0; index < places.size(); ++index) {
    vertices[places[index]] = sorted[index].second;
  }
  graph.renumber(number);
}

void sweep(LaneGraph& graph, int round) {
  const std::size_t count = graph.layers.size();
  const bool turn_equals = round / 2 % 2 == 1;
  for (std::size_t step = 1; step < count; ++step) {
    const bool rightward = round % 2 == 0;
    const std::size_t number = rightward ? step : count - 1 - step;
    sort_by_mean(graph, number, rightward ? graph.before : graph.after, turn_equals);
  }
  for (std::size_t number = 0; number < count; ++number) transpose(graph, number);
}

}  // namespace

std::uint64_t count_crossings(const LaneGraph& graph) {
  std::uint64_t crossings = 0;
  Positions positions;
  for (std::size_t number = 0; number + 1 < graph.layers.size(); ++number) {
    GreaterBefore seen(graph.layers[number + 1].size());
    for (const auto vertex : graph.layers[number]) {
      sorted_positions(graph, graph.after[vertex], positions);
      for (const auto position : positions) crossings += seen.count(position);
      for (const auto position : positions) seen.add(position);
    }
  }
  return crossings;
}

std::uint64_t reduce_crossings(LaneGraph& graph) {
  constexpr int kMostRounds = 32;
  constexpr int kPatience = 8;
  auto best = graph.layers;
  std::uint64_t fewest = count_crossings(graph);
  int idle = 0;
  for (int round = 0; round < kMostRounds && idle < kPatience && fewest > 0; ++round) {
    sweep(graph, round);
    const std::uint64_t crossings = count_crossings(graph);
    ++idle;
    if (crossings >= fewest) continue;
    fewest = crossings;
    best = graph.layers;
    idle = 0;
  }
  graph.layers = std::move(best);
  for (std::size_t number = 0; number < graph.layers.size(); ++number) graph.renumber(number);
  return fewest;
}

}  // namespace grange
