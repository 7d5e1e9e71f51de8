#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "base/thread_annotations.h"
#include "record/steps.h"

namespace grange {

/// Where those who follow the farm wait for what happens. The last events are at hand; older ones
/// are in the database. Thread safe.
class EventBus {
 public:
  static constexpr std::size_t kAtHand = 10'000;

  /// What was committed, in the order of their numbers.
  void publish(const std::vector<EventRow>& events) EXCLUDES(mutex_);
  /// Those with greater numbers, at most `limit`; waits for the first until the deadline. Nothing
  /// also when `id` is older than what is at hand: see `reaches_back_to`.
  std::vector<EventRow> after(std::int64_t id, std::size_t limit, MonotonicTime deadline,
                              const std::stop_token& stop) EXCLUDES(mutex_);
  /// Of events with greater numbers none is missing here.
  bool reaches_back_to(std::int64_t id) const EXCLUDES(mutex_);
  /// The number of the last event when the server began.
  void begin_after(std::int64_t id) EXCLUDES(mutex_);
  std::int64_t last() const EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<EventRow> events_ GUARDED_BY(mutex_);
  std::int64_t before_ GUARDED_BY(mutex_) = 0;  ///< the number before the first that is at hand
};

}  // namespace grange
