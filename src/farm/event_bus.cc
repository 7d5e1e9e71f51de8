#include "farm/event_bus.h"

#include <algorithm>

namespace grange {
namespace {

constexpr std::chrono::milliseconds kStopIsSeenWithin{500};

}  // namespace

void EventBus::publish(const std::vector<EventRow>& events) {
  if (events.empty()) return;
  {
    const MutexLock lock(mutex_);
    for (const auto& event : events) {
      // Two that committed at the same moment may come in the other order.
      auto at = events_.end();
      while (at != events_.begin() && std::prev(at)->id > event.id) --at;
      events_.insert(at, event);
    }
    while (events_.size() > kAtHand) {
      before_ = events_.front().id;
      events_.pop_front();
    }
  }
  changed_.notify_all();
}

std::vector<EventRow> EventBus::after(std::int64_t id, std::size_t limit, MonotonicTime deadline,
                                      const std::stop_token& stop) {
  const MutexLock lock(mutex_);
  while ((events_.empty() || events_.back().id <= id) && !stop.stop_requested()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) break;
    changed_.wait_until(mutex_, std::min(deadline, now + kStopIsSeenWithin));
  }
  std::vector<EventRow> found;
  const auto first = std::upper_bound(
      events_.begin(), events_.end(), id,
      [](std::int64_t number, const EventRow& event) { return number < event.id; });
  for (auto at = first; at != events_.end() && found.size() < limit; ++at) found.push_back(*at);
  return found;
}

bool EventBus::reaches_back_to(std::int64_t id) const {
  const MutexLock lock(mutex_);
  return id >= before_;
}

void EventBus::begin_after(std::int64_t id) {
  const MutexLock lock(mutex_);
  before_ = id;
}

std::int64_t EventBus::last() const {
  const MutexLock lock(mutex_);
  return events_.empty() ? before_ : events_.back().id;
}

}  // namespace grange
