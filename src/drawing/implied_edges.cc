#include "drawing/implied_edges.h"

#include <algorithm>
#include <cstdint>
#include <set>

namespace grange {
namespace {

/// A set of nodes, a bit each.
class NodeSet {
 public:
  explicit NodeSet(std::size_t nodes) : words_((nodes + kBits - 1) / kBits, 0) {}

  bool contains(std::size_t node) const {
    return ((words_[node / kBits] >> node % kBits) & 1) != 0;
  }
  void add(std::size_t node) { words_[node / kBits] |= std::uint64_t{1} << node % kBits; }
  void add(const NodeSet& other) {
    for (std::size_t word = 0; word < words_.size(); ++word) words_[word] |= other.words_[word];
  }

 private:
  static constexpr std::size_t kBits = 64;
  std::vector<std::uint64_t> words_;
};

}  // namespace

std::vector<LayoutEdge> without_implied(std::size_t nodes, std::vector<LayoutEdge> edges) {
  std::set<LayoutEdge> seen;
  std::erase_if(edges, [&](const LayoutEdge& edge) {
    return edge.from == edge.to || !seen.insert(edge).second;
  });

  std::vector<std::vector<std::uint32_t>> after(nodes);
  std::vector<std::size_t> missing(nodes, 0);
  for (const auto& edge : edges) {
    after[edge.from].push_back(edge.to);
    ++missing[edge.to];
  }
  std::vector<std::uint32_t> order;
  for (std::uint32_t node = 0; node < nodes; ++node) {
    if (missing[node] == 0) order.push_back(node);
  }
  std::vector<std::size_t> rank(nodes, 0);
  for (std::size_t next = 0; next < order.size(); ++next) {
    rank[order[next]] = next;
    for (const auto to : after[order[next]]) {
      if (--missing[to] == 0) order.push_back(to);
    }
  }
  if (order.size() < nodes) return edges;

  // From the sinks back. Of a node's successors the nearest comes first, so that whatever a later
  // one is implied by is already in the set.
  std::vector<NodeSet> reached(nodes, NodeSet(nodes));
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    auto& successors = after[*node];
    std::sort(successors.begin(), successors.end(),
              [&](std::uint32_t a, std::uint32_t b) { return rank[a] < rank[b]; });
    for (const auto to : successors) {
      if (reached[*node].contains(to)) {
        seen.erase({*node, to});
        continue;
      }
      reached[*node].add(to);
      reached[*node].add(reached[to]);
    }
  }
  std::erase_if(edges, [&](const LayoutEdge& edge) { return !seen.contains(edge); });
  return edges;
}

}  // namespace grange
