#include "drawing/layered_layout.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

constexpr double kTolerance = 1e-6;

struct Sample {
  std::vector<LayoutNode> nodes;
  std::vector<LayoutEdge> edges;
};

std::vector<LayoutNode> boxes(std::size_t count) {
  return std::vector<LayoutNode>(count, {100, 30, LayoutPull::near});
}

/// A DAG with boxes of many sizes, under shuffled numbers.
Sample random_dag(std::mt19937& random, std::uint32_t nodes, std::uint32_t edges,
                  std::uint32_t farthest) {
  Sample sample;
  std::vector<std::uint32_t> names(nodes);
  for (std::uint32_t node = 0; node < nodes; ++node) {
    names[node] = node;
    sample.nodes.push_back({60.0 + static_cast<double>(random() % 200),
                            20.0 + static_cast<double>(random() % 30),
                            static_cast<LayoutPull>(random() % 3)});
  }
  std::shuffle(names.begin(), names.end(), random);
  for (std::uint32_t edge = 0; edge < edges; ++edge) {
    const auto to = static_cast<std::uint32_t>(1 + random() % (nodes - 1));
    const auto back = static_cast<std::uint32_t>(1 + random() % std::min(to, farthest));
    sample.edges.push_back({names[to - back], names[to]});
  }
  return sample;
}

double left(const LayeredLayout& layout, std::uint32_t node) {
  return layout.nodes[node].corner.x;
}
double top(const LayeredLayout& layout, std::uint32_t node) {
  return layout.nodes[node].corner.y;
}

/// Does the rectangle between two points reach into the box of a node?
bool touches(const LayoutPoint& a, const LayoutPoint& b, const Sample& sample,
             const LayeredLayout& layout, std::uint32_t node) {
  const double x = left(layout, node);
  const double y = top(layout, node);
  return std::max(a.x, b.x) > x + kTolerance &&
         std::min(a.x, b.x) < x + sample.nodes[node].width - kTolerance &&
         std::max(a.y, b.y) > y + kTolerance &&
         std::min(a.y, b.y) < y + sample.nodes[node].height - kTolerance;
}

void expect_boxes_apart(const Sample& sample, const LayeredLayout& layout) {
  for (std::uint32_t node = 0; node < sample.nodes.size(); ++node) {
    const LayoutPoint corner = layout.nodes[node].corner;
    const LayoutPoint opposite{corner.x + sample.nodes[node].width,
                               corner.y + sample.nodes[node].height};
    EXPECT_GE(corner.x, 0);
    EXPECT_GE(corner.y, -kTolerance);
    EXPECT_LE(opposite.x, layout.width + kTolerance);
    EXPECT_LE(opposite.y, layout.height + kTolerance);
    for (std::uint32_t other = 0; other < node; ++other) {
      EXPECT_FALSE(touches(corner, opposite, sample, layout, other)) << node << " " << other;
    }
  }
}

void expect_good_route(const Sample& sample, const LayeredLayout& layout, std::size_t number) {
  const auto [from, to] = sample.edges[number];
  const auto& route = layout.routes[number];
  ASSERT_GE(route.size(), 2U);
  EXPECT_LT(layout.nodes[from].layer, layout.nodes[to].layer);
  EXPECT_NEAR(route.front().x, left(layout, from) + sample.nodes[from].width, kTolerance);
  EXPECT_NEAR(route.front().y, top(layout, from) + sample.nodes[from].height / 2, kTolerance);
  EXPECT_NEAR(route.back().x, left(layout, to), kTolerance);
  EXPECT_NEAR(route.back().y, top(layout, to) + sample.nodes[to].height / 2, kTolerance);
  for (std::size_t step = 1; step < route.size(); ++step) {
    EXPECT_GE(route[step].x, route[step - 1].x);
    for (std::uint32_t node = 0; node < sample.nodes.size(); ++node) {
      EXPECT_FALSE(touches(route[step - 1], route[step], sample, layout, node))
          << from << " → " << to << " runs through " << node;
    }
  }
}

TEST(LayeredLayout, NothingAndOneBox) {
  const auto none = lay_out({}, {});
  EXPECT_TRUE(none.nodes.empty());
  EXPECT_EQ(none.width, 0);
  EXPECT_EQ(none.layers, 0U);
  const auto one = lay_out(boxes(1), {{0, 0}});
  EXPECT_EQ(one.width, 100);
  EXPECT_EQ(one.height, 30);
  EXPECT_EQ(one.layers, 1U);
  EXPECT_TRUE(one.routes[0].empty());
}

TEST(LayeredLayout, ChainIsLevel) {
  const auto layout = lay_out(boxes(3), {{0, 1}, {1, 2}});
  EXPECT_EQ(layout.layers, 3U);
  EXPECT_EQ(layout.height, 30);
  EXPECT_EQ(layout.width, 3 * 100 + 2 * LayoutOptions().layer_gap);
  EXPECT_EQ(layout.routes[0], (std::vector<LayoutPoint>{{100, 15}, {164, 15}}));
}

TEST(LayeredLayout, CrossingIsUndone) {
  const auto layout = lay_out(boxes(5), {{0, 3}, {0, 4}, {1, 2}, {1, 3}});
  EXPECT_EQ(layout.crossings_at_first, 1U);
  EXPECT_EQ(layout.crossings, 0U);
}

TEST(LayeredLayout, NodesGoWhereTheyArePulled) {
  // 0 → 1 → 2 → 3; 4, 5 and 6 → 3.
  const std::vector<LayoutEdge> edges = {{0, 1}, {1, 2}, {2, 3}, {4, 3}, {5, 3}, {0, 6}};
  auto nodes = boxes(7);
  nodes[5].pull = LayoutPull::first;
  nodes[6].pull = LayoutPull::last;
  const auto layout = lay_out(nodes, edges);
  EXPECT_EQ(layout.nodes[4].layer, 2U);
  EXPECT_EQ(layout.nodes[5].layer, 0U);
  EXPECT_EQ(layout.nodes[6].layer, 3U);
}

TEST(LayeredLayout, CyclesAreDrawnBackwards) {
  const auto layout = lay_out(boxes(3), {{0, 1}, {1, 2}, {2, 0}});
  EXPECT_LT(left(layout, 0), left(layout, 1));
  EXPECT_LT(left(layout, 1), left(layout, 2));
  ASSERT_GE(layout.routes[2].size(), 2U);
  EXPECT_EQ(layout.routes[2].front().x, left(layout, 2));
  EXPECT_EQ(layout.routes[2].back().x, left(layout, 0) + 100);
}

TEST(LayeredLayout, ManySinksOfOneNodeFillSeveralColumns) {
  std::vector<LayoutEdge> edges;
  for (std::uint32_t node = 1; node < 400; ++node) edges.push_back({0, node});
  const auto layout = lay_out(boxes(400), edges);
  EXPECT_GT(layout.layers, 4U);
  EXPECT_LT(layout.height, 4 * layout.width);
  EXPECT_LT(layout.width, 4 * layout.height);
  EXPECT_EQ(layout.crossings, 0U);
}

/// Else one node's sinks would fill the first columns, another's the last: a staircase.
TEST(LayeredLayout, ColumnsShareTheSinksOfEachNode) {
  std::vector<LayoutEdge> edges = {{0, 1}, {0, 2}, {0, 3}, {0, 4}};
  for (std::uint32_t node = 5; node < 405; ++node) edges.push_back({1 + node % 4, node});
  const auto layout = lay_out(boxes(405), edges);
  EXPECT_EQ(layout.crossings, 0U);
  for (std::uint32_t parent = 1; parent <= 4; ++parent) {
    std::vector<int> sinks(layout.layers, 0);
    for (const auto& edge : edges) {
      if (edge.from == parent) ++sinks[layout.nodes[edge.to].layer];
    }
    EXPECT_GT(sinks[2], 0);
    EXPECT_GT(sinks.back(), 0);
  }
  EXPECT_LT(layout.height, 2 * layout.width);
}

TEST(LayeredLayout, PiecesLieSideBySide) {
  std::vector<LayoutEdge> edges;
  for (std::uint32_t node = 0; node < 100; node += 2) edges.push_back({node, node + 1});
  const Sample sample{boxes(100), edges};
  const auto layout = lay_out(sample.nodes, sample.edges);
  expect_boxes_apart(sample, layout);
  EXPECT_EQ(layout.layers, 2U);
  EXPECT_LT(layout.height, 3 * layout.width);
  EXPECT_LT(layout.width, 3 * layout.height);
}

TEST(LayeredLayout, LongEdgeIsStraight) {
  // A chain of five, and an edge from its start to its end that passes three layers.
  const auto layout = lay_out(boxes(5), {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {0, 4}});
  const auto& route = layout.routes[4];
  ASSERT_EQ(route.size(), 8U);
  for (std::size_t step = 1; step < 7; ++step) EXPECT_EQ(route[step].y, route[1].y);
}

TEST(LayeredLayout, RandomGraphsKeepThePromises) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    const auto nodes = static_cast<std::uint32_t>(2 + random() % 70);
    const Sample sample = random_dag(random, nodes, static_cast<std::uint32_t>(random() % 150),
                                     round % 2 == 0 ? nodes : 8);
    const auto layout = lay_out(sample.nodes, sample.edges);
    expect_boxes_apart(sample, layout);
    for (std::size_t edge = 0; edge < sample.edges.size(); ++edge) {
      expect_good_route(sample, layout, edge);
    }
    EXPECT_LE(layout.crossings, layout.crossings_at_first);
    const auto again = lay_out(sample.nodes, sample.edges);
    EXPECT_EQ(again.nodes, layout.nodes);
    EXPECT_EQ(again.routes, layout.routes);
  }
}

TEST(LayeredLayout, CyclicGraphsKeepBoxesApart) {
  std::mt19937 random(11);
  for (int round = 0; round < 20; ++round) {
    Sample sample = random_dag(random, 30, 60, 30);
    for (std::size_t edge = 0; edge < sample.edges.size(); edge += 3) {
      std::swap(sample.edges[edge].from, sample.edges[edge].to);
    }
    expect_boxes_apart(sample, lay_out(sample.nodes, sample.edges));
  }
}

TEST(LayeredLayout, FiveHundredNodesHaveFewerCrossings) {
  std::mt19937 random(3);
  const Sample sample = random_dag(random, 500, 2'000, 60);
  const auto layout = lay_out(sample.nodes, sample.edges);
  expect_boxes_apart(sample, layout);
  EXPECT_LT(layout.crossings, layout.crossings_at_first * 3 / 4);
}

/// Without the bound: 2,000 layers with up to 1,000 lanes each.
TEST(LayeredLayout, PastTheLanesEdgesGoStraight) {
  std::vector<LayoutEdge> edges;
  for (std::uint32_t node = 0; node + 1 < 2'000; ++node) edges.push_back({node, node + 1});
  for (std::uint32_t node = 0; node < 1'000; ++node) edges.push_back({node, 1'999 - node});
  LayoutOptions options;
  options.most_lanes = 5'000;
  const auto layout = lay_out(boxes(2'000), edges, options);
  EXPECT_EQ(layout.layers, 2'000U);
  EXPECT_EQ(layout.routes[1'999].size(), 2U);  // 0 → 1999, the longest
  EXPECT_GT(layout.routes[2'990].size(), 2U);  // 991 → 1008
}

TEST(LayeredLayout, BadInputIsRefused) {
  EXPECT_THROW(lay_out(boxes(2), {{0, 2}}), InvalidError);
  auto nodes = boxes(1);
  nodes[0].width = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(lay_out(nodes, {}), InvalidError);
  nodes[0].width = -1;
  EXPECT_THROW(lay_out(nodes, {}), InvalidError);
}

}  // namespace
}  // namespace grange
