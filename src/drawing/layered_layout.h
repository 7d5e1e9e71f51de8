#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace grange {

/// Where a node would like to be, as far as the edges let it.
enum class LayoutPull {
  near,   ///< close to its neighbours
  first,  ///< as far to the left as it may
  last,   ///< as far to the right as it may
};

struct LayoutNode {
  double width = 0;
  double height = 0;
  LayoutPull pull = LayoutPull::near;
};

struct LayoutEdge {
  std::uint32_t from = 0;
  std::uint32_t to = 0;

  auto operator<=>(const LayoutEdge&) const = default;
};

struct LayoutOptions {
  double node_gap = 14;   ///< least space between two boxes of a layer
  double lane_gap = 8;    ///< least space between two edges that pass through a layer
  double layer_gap = 64;  ///< least space between two layers
  /// A layer whose boxes are taller than this is spread over several; 0: what makes the whole about
  /// as wide as tall.
  double most_layer_height = 0;
  /// Edges pass a layer on lanes. Past so many lanes the longest edges go straight to where they
  /// end, whatever is in between: that keeps time and memory near-linear in any graph.
  std::size_t most_lanes = 50'000;
};

struct LayoutPoint {
  double x = 0;
  double y = 0;

  auto operator<=>(const LayoutPoint&) const = default;
};

struct LayoutPlace {
  LayoutPoint corner;       ///< the upper left
  std::uint32_t layer = 0;  ///< in its piece

  auto operator<=>(const LayoutPlace&) const = default;
};

/// What `lay_out` found. The drawing reaches from (0, 0) to (width, height).
struct LayeredLayout {
  std::vector<LayoutPlace> nodes;  ///< as given
  /// For each edge as given, from the right border of one box to the left border of the other (the
  /// other way round for an edge that closes a cycle); of an edge from a node to itself, nothing. A
  /// step between points of equal y lies within a layer; any other lies between two layers.
  std::vector<std::vector<LayoutPoint>> routes;
  double width = 0;
  double height = 0;
  std::size_t layers = 0;                ///< of the piece that has most
  std::uint64_t crossings_at_first = 0;  ///< before layers were reordered
  std::uint64_t crossings = 0;
};

/// A layered drawing (Sugiyama's method) of a directed graph, layers from left to right: boxes
/// don't overlap, every edge leads to the right, and edges run around boxes. Edges that share an
/// end share their way. Pieces that don't hang together are laid out apart, large ones above small
/// ones. Edges that close a cycle lead to the left. The same input gives the same layout. Throws
/// InvalidError for an edge to a node that isn't there, or a size that is no size.
LayeredLayout lay_out(const std::vector<LayoutNode>& nodes, const std::vector<LayoutEdge>& edges,
                      const LayoutOptions& options = {});

}  // namespace grange
