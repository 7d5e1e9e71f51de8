#include "drawing/layered_layout.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "base/error.h"
#include "drawing/layered_layout_piece.h"

namespace grange {
namespace {

void check(const std::vector<LayoutNode>& nodes, const std::vector<LayoutEdge>& edges) {
  for (const auto& node : nodes) {
    if (std::isfinite(node.width) && std::isfinite(node.height) && node.width >= 0 &&
        node.height >= 0) {
      continue;
    }
    throw InvalidError("node of a layout: specified a size, got " + std::to_string(node.width) +
                       " by " + std::to_string(node.height));
  }
  for (const auto& edge : edges) {
    const auto greater = std::max(edge.from, edge.to);
    if (greater < nodes.size()) continue;
    throw InvalidError("edge of a layout: specified a node below " + std::to_string(nodes.size()) +
                       ", got " + std::to_string(greater));
  }
}

/// Nodes that hang together, and the edges between them.
struct Piece {
  std::vector<std::uint32_t> members;
  std::vector<LayoutNode> nodes;
  std::vector<std::size_t> edge_numbers;
  std::vector<LayoutEdge> edges;
  LayeredLayout layout;
};

/// The pieces in the order of their first nodes.
std::vector<Piece> split_up(const std::vector<LayoutNode>& nodes,
                            const std::vector<LayoutEdge>& edges) {
  std::vector<std::uint32_t> parent(nodes.size());
  std::iota(parent.begin(), parent.end(), std::uint32_t{0});
  const auto root = [&](std::uint32_t node) {
    while (parent[node] != node) node = parent[node] = parent[parent[node]];
    return node;
  };
  for (const auto& edge : edges) {
    const auto [least, other] = std::minmax({root(edge.from), root(edge.to)});
    parent[other] = least;
  }
  std::vector<Piece> pieces;
  std::vector<std::size_t> piece_of(nodes.size());
  std::vector<std::uint32_t> number(nodes.size());
  for (std::uint32_t node = 0; node < nodes.size(); ++node) {
    const auto first = root(node);
    if (first == node) {
      piece_of[node] = pieces.size();
      pieces.emplace_back();
    }
    piece_of[node] = piece_of[first];
    Piece& piece = pieces[piece_of[node]];
    number[node] = static_cast<std::uint32_t>(piece.members.size());
    piece.members.push_back(node);
    piece.nodes.push_back(nodes[node]);
  }
  for (std::size_t edge = 0; edge < edges.size(); ++edge) {
    Piece& piece = pieces[piece_of[edges[edge].from]];
    piece.edge_numbers.push_back(edge);
    piece.edges.push_back({number[edges[edge].from], number[edges[edge].to]});
  }
  return pieces;
}

/// Puts pieces on shelves, the tallest first: many small ones side by side below a large one.
class Shelves {
 public:
  Shelves(const std::vector<Piece>& pieces, const LayoutOptions& options)
      : across_(options.layer_gap), down_(options.node_gap * 1.5) {
    constexpr double kAspect = 1.4;
    double area = 0;
    for (const auto& piece : pieces) {
      area += (piece.layout.width + across_) * (piece.layout.height + down_);
      width_ = std::max(width_, piece.layout.width);
    }
    width_ = std::max(width_, std::sqrt(area * kAspect));
  }

  /// The upper left corner for the next piece.
  LayoutPoint put(const LayeredLayout& layout) {
    if (x_ > 0 && x_ + layout.width > width_) {
      top_ = bottom_ + down_;
      x_ = 0;
    }
    const LayoutPoint corner{x_, top_};
    x_ += layout.width + across_;
    bottom_ = std::max(bottom_, top_ + layout.height);
    return corner;
  }

 private:
  const double across_;
  const double down_;
  double width_ = 0;
  double x_ = 0;
  double top_ = 0;
  double bottom_ = 0;
};

void add(LayeredLayout& whole, const Piece& piece, const LayoutPoint& corner) {
  const LayeredLayout& part = piece.layout;
  for (std::size_t index = 0; index < piece.members.size(); ++index) {
    auto place = part.nodes[index];
    place.corner.x += corner.x;
    place.corner.y += corner.y;
    whole.nodes[piece.members[index]] = place;
  }
  for (std::size_t index = 0; index < piece.edges.size(); ++index) {
    auto route = part.routes[index];
    for (auto& point : route) point = {point.x + corner.x, point.y + corner.y};
    whole.routes[piece.edge_numbers[index]] = std::move(route);
  }
  whole.width = std::max(whole.width, corner.x + part.width);
  whole.height = std::max(whole.height, corner.y + part.height);
  whole.layers = std::max(whole.layers, part.layers);
  whole.crossings_at_first += part.crossings_at_first;
  whole.crossings += part.crossings;
}

}  // namespace

LayeredLayout lay_out(const std::vector<LayoutNode>& nodes, const std::vector<LayoutEdge>& edges,
                      const LayoutOptions& options) {
  check(nodes, edges);
  auto pieces = split_up(nodes, edges);
  for (auto& piece : pieces) {
    LayoutOptions share = options;
    share.most_lanes = options.most_lanes * piece.members.size() / nodes.size();
    piece.layout = lay_out_piece(piece.nodes, piece.edges, share);
  }
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
    return a.layout.height > b.layout.height;
  });
  LayeredLayout whole;
  whole.nodes.resize(nodes.size());
  whole.routes.resize(edges.size());
  Shelves shelves(pieces, options);
  for (const auto& piece : pieces) add(whole, piece, shelves.put(piece.layout));
  return whole;
}

}  // namespace grange
