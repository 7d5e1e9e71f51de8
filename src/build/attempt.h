#pragma once

#include <stop_token>

#include "build/attempt_context.h"
#include "build/builder.h"

namespace grange {

/// One attempt of the local builder, from its request to registered outputs.
BuildResult run_attempt(const AttemptContext& context, const BuildRequest& request,
                        BuildObserver& observer, const std::stop_token& stop);

}  // namespace grange
