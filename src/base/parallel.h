#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/thread_annotations.h"

namespace grange {

/// Calls `work(index)` for 0 ≤ index < count from up to `threads` threads (the caller's is one of
/// them), handing out indices in blocks. The first error stops the rest and is rethrown.
void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work,
                  std::size_t block = 16);

/// How many threads this machine runs at once, at least 1.
unsigned processor_count() noexcept;

/// A bounded pool of threads over one queue. Tasks must not throw. The destructor runs what was
/// posted to its end and joins.
class ThreadPool {
 public:
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void post(std::function<void()> task);
  /// From now on it has at least so many threads. For its owner only.
  void grow(unsigned threads);

 private:
  void run();

  Mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<std::function<void()>> tasks_ GUARDED_BY(mutex_);
  bool closing_ GUARDED_BY(mutex_) = false;
  std::vector<std::jthread> threads_;
};

}  // namespace grange
