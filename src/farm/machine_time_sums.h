#pragma once

#include <chrono>
#include <cstdint>
#include <map>

#include "base/clock.h"
#include "base/thread_annotations.h"
#include "farm/farm_database.h"

namespace grange {

/// What each jobset got of the machines in the last day, for people who watch it. The sums are
/// over all attempts of a day, so they are found anew only after many times what that took.
/// Thread safe.
class MachineTimeSums {
 public:
  MachineTimeSums(FarmDatabase& database, const Clock& clock)
      : database_(database), clock_(clock) {}

  /// Seconds of one core, by jobset.
  std::map<std::int64_t, double> of_last_day() EXCLUDES(mutex_);

 private:
  FarmDatabase& database_;
  const Clock& clock_;
  Mutex mutex_;
  std::map<std::int64_t, double> sums_ GUARDED_BY(mutex_);
  MonotonicTime good_until_ GUARDED_BY(mutex_){};
};

}  // namespace grange
