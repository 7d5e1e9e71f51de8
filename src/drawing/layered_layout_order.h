#pragma once

#include <cstdint>

#include "drawing/layered_layout_lanes.h"

namespace grange {

/// How many pairs of links cross.
std::uint64_t count_crossings(const LaneGraph& graph);

/// Reorders the layers so that fewer links cross, never more. Returns how many still do.
std::uint64_t reduce_crossings(LaneGraph& graph);

}  // namespace grange
