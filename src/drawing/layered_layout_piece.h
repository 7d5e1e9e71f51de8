#pragma once

#include <vector>

#include "drawing/layered_layout.h"

namespace grange {

/// The layout of a graph that hangs together, by itself: see `lay_out`. The input has been checked.
LayeredLayout lay_out_piece(const std::vector<LayoutNode>& nodes,
                            const std::vector<LayoutEdge>& edges, const LayoutOptions& options);

}  // namespace grange
