#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/parallel.h"
#include "base/thread_annotations.h"
#include "build/fetchable.h"
#include "store/substituters.h"

namespace grange {

/// Fetches on threads of its own while attempts run. One owner, who is told through `ended` (from
/// those threads) that something has ended. What a fetch throws is told as a warning: what was not
/// fetched is made. The destructor cancels and waits.
class FetchQueue {
 public:
  using Ticket = std::size_t;

  struct Ended {
    Ticket ticket;
    /// What is not there because fetching it failed, and why.
    std::map<StorePath, std::string> failed_paths{};
    std::map<DrvOutput, std::string> failed_ids{};
  };

  FetchQueue(Substituters& substituters, LocalStore& store, std::function<void()> ended);
  ~FetchQueue();
  FetchQueue(const FetchQueue&) = delete;
  FetchQueue& operator=(const FetchQueue&) = delete;

  /// `observer` may be null; it is kept until the fetch has ended.
  Ticket start(Fetchable what, std::shared_ptr<FetchObserver> observer = nullptr);
  /// How many were started and not yet taken.
  std::size_t running() const { return running_; }
  /// Those that ended since the last call.
  std::vector<Ended> take_ended();
  void cancel_all() { stop_.request_stop(); }

 private:
  void run(Ticket ticket, const Fetchable& what, FetchObserver* observer);

  Substituters& substituters_;
  LocalStore& store_;
  std::function<void()> tell_ended_;
  std::stop_source stop_;
  std::size_t running_ = 0;
  Ticket next_ = 0;
  Mutex mutex_;
  std::vector<Ended> ended_ GUARDED_BY(mutex_);
  std::optional<ThreadPool> threads_;  ///< last: its threads end before what they use
};

}  // namespace grange
