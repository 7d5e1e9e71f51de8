#pragma once

#include <string_view>

#include "plan/plan.h"

namespace grange {

/// What a target's `meta` asks for: timeout and maxSilent in seconds, schedulingPriority (higher
/// first). Values of the wrong kind, negative or absurd, are left out: `meta` is somebody's text.
StepLimits limits_of_meta(std::string_view meta_json);

}  // namespace grange
