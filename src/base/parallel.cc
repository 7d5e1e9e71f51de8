#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>

namespace grange {

unsigned processor_count() noexcept {
  // Asking opens a file each time, and the answer stays the same.
  static const unsigned count = std::max(1U, std::thread::hardware_concurrency());
  return count;
}

void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work,
                  std::size_t block) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr first_error;
  std::mutex error_mutex;
  const auto run = [&] {
    try {
      while (!failed.load(std::memory_order_relaxed)) {
        const std::size_t begin = next.fetch_add(block);
        if (begin >= count) return;
        const std::size_t end = std::min(count, begin + block);
        for (std::size_t i = begin; i < end; ++i) work(i);
      }
    } catch (...) {
      failed = true;
      const std::lock_guard lock(error_mutex);
      if (!first_error) first_error = std::current_exception();
    }
  };
  const std::size_t blocks = (count + block - 1) / block;
  const std::size_t helpers = std::min<std::size_t>(threads, blocks);
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < helpers; ++i) others.emplace_back(run);
    run();
  }
  if (first_error) std::rethrow_exception(first_error);
}

ThreadPool::ThreadPool(unsigned threads) {
  grow(std::max(1U, threads));
}

void ThreadPool::grow(unsigned threads) {
  while (threads_.size() < threads) threads_.emplace_back([this] { run(); });
}

ThreadPool::~ThreadPool() {
  {
    const MutexLock lock(mutex_);
    closing_ = true;
  }
  ready_.notify_all();
}

void ThreadPool::post(std::function<void()> task) {
  {
    const MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  ready_.notify_one();
}

void ThreadPool::run() {
  for (;;) {
    std::function<void()> task;
    {
      const MutexLock lock(mutex_);
      while (tasks_.empty() && !closing_) ready_.wait(mutex_);
      if (tasks_.empty()) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace grange
