#include "drawing/implied_edges.h"

#include <algorithm>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace grange {
namespace {

using Edges = std::vector<LayoutEdge>;

std::set<LayoutEdge> closure(std::uint32_t nodes, const Edges& edges) {
  std::set<LayoutEdge> reached(edges.begin(), edges.end());
  for (std::uint32_t middle = 0; middle < nodes; ++middle) {
    for (std::uint32_t from = 0; from < nodes; ++from) {
      for (std::uint32_t to = 0; to < nodes; ++to) {
        if (reached.contains({from, middle}) && reached.contains({middle, to})) {
          reached.insert({from, to});
        }
      }
    }
  }
  return reached;
}

TEST(ImpliedEdges, WhatALongerWaySaysIsLeftOut) {
  EXPECT_EQ(without_implied(3, {{0, 2}, {0, 1}, {1, 2}}), (Edges{{0, 1}, {1, 2}}));
  EXPECT_EQ(without_implied(2, {{0, 1}, {0, 1}, {1, 1}}), (Edges{{0, 1}}));
  EXPECT_EQ(without_implied(0, {}), Edges{});
}

TEST(ImpliedEdges, ACycleKeepsItsEdges) {
  EXPECT_EQ(without_implied(3, {{0, 1}, {1, 0}, {0, 2}, {1, 2}, {0, 2}}),
            (Edges{{0, 1}, {1, 0}, {0, 2}, {1, 2}}));
}

/// The same is reached, and no edge could be spared.
TEST(ImpliedEdges, RandomGraphsAreReducedAsFarAsCanBe) {
  std::mt19937 random(5);
  for (int round = 0; round < 30; ++round) {
    constexpr std::uint32_t kNodes = 14;
    Edges edges;
    for (int edge = 0; edge < 40; ++edge) {
      const auto a = static_cast<std::uint32_t>(random() % kNodes);
      const auto b = static_cast<std::uint32_t>(random() % kNodes);
      if (a != b) edges.push_back({std::min(a, b), std::max(a, b)});
    }
    const auto reached = closure(kNodes, edges);
    const auto reduced = without_implied(kNodes, edges);
    EXPECT_EQ(closure(kNodes, reduced), reached);
    for (std::size_t spared = 0; spared < reduced.size(); ++spared) {
      Edges fewer = reduced;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(spared));
      EXPECT_NE(closure(kNodes, fewer), reached);
    }
  }
}

}  // namespace
}  // namespace grange
