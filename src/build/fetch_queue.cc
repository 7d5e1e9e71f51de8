#include "build/fetch_queue.h"

#include <exception>
#include <string>
#include <utility>

namespace grange {
namespace {

/// Batches on their way at once; within each, several paths are.
constexpr unsigned kBatchesAtOnce = 3;

}  // namespace

FetchQueue::FetchQueue(Substituters& substituters, LocalStore& store, std::function<void()> ended)
    : substituters_(substituters), store_(store), tell_ended_(std::move(ended)) {}

FetchQueue::~FetchQueue() {
  cancel_all();
}

FetchQueue::Ticket FetchQueue::start(Fetchable what, std::shared_ptr<FetchObserver> observer) {
  if (!threads_) threads_.emplace(kBatchesAtOnce);
  const auto ticket = next_++;
  ++running_;
  threads_->post([this, ticket, what = std::move(what), observer = std::move(observer)] {
    run(ticket, what, observer.get());
  });
  return ticket;
}

std::vector<FetchQueue::Ended> FetchQueue::take_ended() {
  std::vector<Ended> ended;
  {
    const MutexLock lock(mutex_);
    ended.swap(ended_);
  }
  running_ -= ended.size();
  return ended;
}

void FetchQueue::run(Ticket ticket, const Fetchable& what, FetchObserver* observer) {
  Ended ended{ticket};
  try {
    const auto stop = stop_.get_token();
    if (!stop.stop_requested()) {
      ended.failed_ids =
          substituters_.fetch_realisations(store_, what.ids, what.trace_keys, stop, observer);
      ended.failed_paths = substituters_.fetch_paths(store_, what.paths, stop, observer);
    }
  } catch (const std::exception& error) {
    if (!stop_.stop_requested()) {
      substituters_.warn(std::string("fetching was given up: ") + error.what());
    }
  }
  {
    const MutexLock lock(mutex_);
    ended_.push_back(std::move(ended));
  }
  tell_ended_();
}

}  // namespace grange
