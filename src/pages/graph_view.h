#pragma once

#include <string>

#include "pages/page_site.h"

namespace grange {

/// "hello-2.12" of "DIGEST-hello-2.12.drv"; what is no name of a derivation stays.
std::string shown_derivation(const std::string& name);

/// A node of the API's graph of derivations: {"name", "derivation", "url", "status", "system"}.
/// Leads to its newest build, or else to the derivation; nowhere where it is not seen.
ApiJson node_view(const ApiJson& node);

/// What a derivation uses or what uses it ("inputs", "users"), directly: {"rows", "count", "cut",
/// "unread"}, what failed first. Throws NotFoundError where it is not recorded, or not seen.
ApiJson neighbour_rows(const PageCall& call, const std::string& derivation,
                       std::string_view direction);

/// The drawing of a graph as graph.html shows it: places of nodes and lines as attributes of SVG.
ApiJson graph_drawing(const ApiJson& graph);

}  // namespace grange
