#pragma once

#include <cstdint>

#include "base/clock.h"

namespace grange {

/// When builds that failed because of the machine are tried again: after `first`, then after three
/// times as long each time.
struct RetryClock {
  Seconds first{60};
  std::int64_t most_tries = 5;

  /// Before the next one, when `tries` were made before the one that has just failed.
  Seconds pause(std::int64_t tries) const;
  /// Is one that was put off until `at` to be tried now? Also when that is further away than any
  /// pause: the clock was set back meanwhile, and nothing waits for days because of that.
  bool is_due(TimePoint at, TimePoint now) const;
};

}  // namespace grange
