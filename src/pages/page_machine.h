#pragma once

#include "base/clock.h"
#include "serve/api_json.h"

namespace grange {

/// A row of machines: its state, what it is, and how full.
ApiJson machine_view(const ApiJson& machine, TimePoint now);

/// A row of steps with where each was made. `machines`: those of the API.
ApiJson placed_step_row(const ApiJson& step, const ApiJson& machines, TimePoint now);

}  // namespace grange
