#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace grange {

/// What is drawn: causes, what lies between, and the targets that they reach. Plain text
/// throughout; the drawer shortens and escapes.
struct SvgGraph {
  enum class Kind {
    cause,         ///< its own fields changed
    cascade,       ///< changed only because an input did
    target,        ///< a cascade that is a target
    cause_target,  ///< a cause that is a target
    more,          ///< stands for nodes that the caller left out: "and 312 more targets"
  };
  struct Node {
    std::string title;     ///< a name: "libxml2-2.13.4"
    std::string subtitle;  ///< smaller, below: what differs, a label, a count; may be empty
    Kind kind = Kind::cascade;
  };
  /// From what changed to what changed because of it. Indices of `nodes`.
  struct Edge {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
  };

  std::string heading;  ///< "what changed between main and this branch"
  std::vector<Node> nodes;
  std::vector<Edge> edges;
};

/// As many nodes as a person can read; a caller with more collapses the rest into nodes of the kind
/// `more`.
constexpr std::size_t kReadableSvgNodes = 500;
/// More than this is not drawn.
constexpr std::size_t kMostSvgNodes = 2'000;
constexpr std::size_t kMostSvgEdges = 20'000;

/// An SVG document that needs nothing else: causes at the left, arrows to the right, a legend,
/// light or dark as its viewer wishes; kinds differ by shape and border too, and the whole of a
/// shortened name shows under the pointer. An edge that a longer way implies is left out, and the
/// drawing says how many were. The same graph gives the same bytes. Throws InvalidError for more
/// nodes or edges than the above, and for an edge to a node that isn't there.
std::string graph_svg(const SvgGraph& graph);

}  // namespace grange
