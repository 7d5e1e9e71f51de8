#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <stop_token>
#include <vector>

#include "base/thread_annotations.h"
#include "wire/worker_frames.h"

namespace grange {

/// What is to be told to one client, from any thread, until its connection's thread sends it. A
/// client that does not read holds nobody up: beyond a bound, lines of logs are left out, and how
/// many is told. Thread safe.
class FrameQueue {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;

  void push(WorkerFrame frame) EXCLUDES(mutex_);
  /// Lets `take` return.
  void wake() EXCLUDES(mutex_);
  /// Everything since the last call; waits until there is something, or somebody wakes it, or
  /// `stop` is requested.
  std::vector<WorkerFrame> take(const std::stop_token& stop) EXCLUDES(mutex_);
  /// Everything since the last call, at once.
  std::vector<WorkerFrame> take_now() EXCLUDES(mutex_);

 private:
  std::vector<WorkerFrame> drain() REQUIRES(mutex_);

  Mutex mutex_;
  std::condition_variable_any any_;
  std::vector<WorkerFrame> frames_ GUARDED_BY(mutex_);
  std::size_t bytes_ GUARDED_BY(mutex_) = 0;
  std::size_t left_out_ GUARDED_BY(mutex_) = 0;
  bool awake_ GUARDED_BY(mutex_) = false;
};

}  // namespace grange
