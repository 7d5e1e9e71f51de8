#include "daemon/attempt_slots.h"

#include <memory>
#include <utility>

namespace grange {

bool AttemptSlots::take(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    const MutexLock lock(mutex_);
    changed_.notify_all();
  });
  const MutexLock lock(mutex_);
  while (taken_ >= count_ + extra_ && !stop.stop_requested()) changed_.wait(mutex_);
  if (stop.stop_requested()) return false;
  ++taken_;
  return true;
}

void AttemptSlots::give_back() {
  const MutexLock lock(mutex_);
  --taken_;
  changed_.notify_one();
}

void AttemptSlots::set_extra(unsigned extra) {
  const MutexLock lock(mutex_);
  extra_ = extra;
  changed_.notify_all();
}

BuildResult SlottedBuilder::build(const BuildRequest& request, BuildObserver& observer,
                                  std::stop_token stop) {
  if (!slots_.take(stop)) {
    BuildResult cancelled;
    cancelled.outcome = Outcome::aborted;
    cancelled.message = "cancelled";
    return cancelled;
  }
  struct GiveBack {
    AttemptSlots& slots;
    ~GiveBack() { slots.give_back(); }
  } const give_back{slots_};
  return builder_->build(request, observer, std::move(stop));
}

BuildResult RefusingBuilder::build(const BuildRequest&, BuildObserver&, std::stop_token) {
  BuildResult refused;
  refused.outcome = Outcome::aborted;
  refused.message =
      "unable to start any build; either increase '--max-jobs' or enable remote builds";
  return refused;
}

}  // namespace grange
