#include "serve/follower_seats.h"

#include "base/error.h"

namespace grange {

std::shared_ptr<void> FollowerSeats::take(bool is_stranger) {
  const MutexLock lock(mutex_);
  if (taken_ >= most_ || (is_stranger && taken_by_strangers_ >= strangers_)) {
    throw UnavailableError("too many follow something at once");
  }
  ++taken_;
  if (is_stranger) ++taken_by_strangers_;
  return {this, [is_stranger](FollowerSeats* seats) { seats->give_back(is_stranger); }};
}

void FollowerSeats::give_back(bool is_stranger) {
  const MutexLock lock(mutex_);
  --taken_;
  if (is_stranger) --taken_by_strangers_;
}

}  // namespace grange
