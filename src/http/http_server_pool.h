#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

#include "base/parallel.h"

namespace grange {

/// A pool of threads whose queue is bounded too: what would have to wait too long is refused at
/// once.
class WorkPool {
 public:
  /// `queue`: how many tasks may wait beside those that run.
  WorkPool(unsigned threads, std::size_t queue) : most_(threads + queue), pool_(threads) {}

  /// False when the queue is full. The task must not throw; it is destroyed on the pool's thread.
  bool try_post(std::function<void()> task) {
    if (admitted_.fetch_add(1) >= most_) {
      admitted_.fetch_sub(1);
      return false;
    }
    pool_.post([this, task = std::move(task)]() mutable {
      task();
      task = nullptr;
      admitted_.fetch_sub(1);
    });
    return true;
  }

 private:
  std::size_t most_;
  std::atomic<std::size_t> admitted_ = 0;
  ThreadPool pool_;  ///< last: its threads end before what they use
};

}  // namespace grange
