#pragma once

#include <stop_token>

#include "base/clock.h"
#include "build/log_capture.h"
#include "plan/plan.h"
#include "process/launcher.h"

namespace grange {

/// How a supervised builder came to its end.
struct BuilderEnd {
  enum class Reason {
    exited,              ///< by itself; `status` says how
    timed_out,           ///< it ran longer than `timeout`
    silent,              ///< it wrote nothing for `max_silent`
    log_limit_exceeded,  ///< it wrote more than `max_log_bytes`
  };
  Reason reason = Reason::exited;
  ExitStatus status;
};

/// Waits for a builder within its limits and hands its output to `log`. When this returns or
/// throws, the builder and all that it started are gone. Throws CancelledError when stopped.
BuilderEnd supervise(LaunchedProcess& process, const StepLimits& limits, LogCapture& log,
                     const Clock& clock, std::stop_token stop);

}  // namespace grange
