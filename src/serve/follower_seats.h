#pragma once

#include <cstddef>
#include <memory>

#include "base/thread_annotations.h"

namespace grange {

/// How many may follow events or logs at once: each follower holds a thread of the server, and
/// others are to be answered, too. Thread safe; outlives what it gave.
class FollowerSeats {
 public:
  /// `strangers`: how many of them may be nobody's.
  FollowerSeats(std::size_t most, std::size_t strangers) : most_(most), strangers_(strangers) {}

  /// A seat, free again when its last owner is gone. Throws UnavailableError when none is free.
  std::shared_ptr<void> take(bool is_stranger) EXCLUDES(mutex_);

 private:
  void give_back(bool is_stranger) EXCLUDES(mutex_);

  const std::size_t most_;
  const std::size_t strangers_;
  Mutex mutex_;
  std::size_t taken_ GUARDED_BY(mutex_) = 0;
  std::size_t taken_by_strangers_ GUARDED_BY(mutex_) = 0;
};

}  // namespace grange
