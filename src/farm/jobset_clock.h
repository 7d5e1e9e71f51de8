#pragma once

#include <optional>

#include "base/clock.h"
#include "record/jobsets.h"

namespace grange {

/// Is the jobset to be evaluated now? One that was asked for is (one that is off only where that
/// was forced); otherwise one that is on when its interval has passed since it was last looked at,
/// a one-shot one at once, and one that goes one at a time only when none of its builds waits.
/// Pure.
bool is_due(const Jobset& jobset, TimePoint now);

/// When that can change by time alone; nothing: never.
std::optional<TimePoint> due_at(const Jobset& jobset);

/// Which of two that are due goes first: the one that was asked for earlier, then the one that was
/// looked at longer ago, then the older one.
bool goes_first(const Jobset& one, const Jobset& other);

}  // namespace grange
