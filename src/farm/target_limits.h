#pragma once

#include <string_view>

#include "plan/plan.h"

namespace grange {

/// What a target's `meta` asks for: timeout and maxSilent in seconds, maxLogSize in bytes,
/// schedulingPriority (higher first, `usual_priority` where it says none). Values of the wrong
/// kind, negative or absurd, are left out: `meta` is somebody's text.
StepLimits limits_of_meta(std::string_view meta_json, int usual_priority = 0);

/// Of a farm's targets, as in Hydra, so that some can be put behind those that say nothing.
inline constexpr int kUsualPriority = 100;

/// What holds for a target in a run: of each limit what one of them sets, or the longer where both
/// do. (Unlike where wants meet: there a want without limit needs a step without one.)
StepLimits limits_in_run(const StepLimits& of_meta, const StepLimits& of_run);

}  // namespace grange
