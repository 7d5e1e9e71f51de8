#include "database/database_pool.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"

namespace grange {

DatabasePool::Lent::~Lent() {
  if (!database_) return;  // moved from
  try {
    if (database_->in_transaction()) database_->roll_back();
  } catch (const Error&) {
    database_.reset();
  }
  pool_.give_back(std::move(database_));
}

DatabasePool::DatabasePool(DatabaseLocation location, DatabaseOptions options, std::size_t most)
    : location_(std::move(location)), options_(options), most_(std::max<std::size_t>(most, 1)) {
  const MutexLock lock(mutex_);
  free_.reserve(most_);  // so that giving back cannot fail
}

DatabasePool::Lent DatabasePool::lend(std::chrono::milliseconds patience,
                                      const std::stop_token& stop) {
  auto database = take(patience, stop);
  if (!database) {
    try {
      database = open_database(location_, options_);
    } catch (...) {
      give_back(nullptr);
      throw;
    }
  }
  return {*this, std::move(database)};
}

std::unique_ptr<Database> DatabasePool::take(std::chrono::milliseconds patience,
                                             const std::stop_token& stop) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const MutexLock lock(mutex_);
  while (free_.empty() && open_ >= most_) {
    if (stop.stop_requested()) {
      throw CancelledError("waiting for a connection to '" + location_.shown() + "' was cancelled");
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      throw UnavailableError("database '" + location_.shown() + "': all " + std::to_string(most_) +
                             " connections are in use; try again");
    }
    given_back_.wait_until(mutex_, stop, deadline,
                           [this]() REQUIRES(mutex_) { return !free_.empty() || open_ < most_; });
  }
  if (free_.empty()) {
    ++open_;
    return nullptr;
  }
  // The last one that was given back: what it knows is warm, and the others may rest.
  auto database = std::move(free_.back());
  free_.pop_back();
  return database;
}

void DatabasePool::close_free() {
  std::vector<std::unique_ptr<Database>> closed;
  {
    const MutexLock lock(mutex_);
    open_ -= free_.size();
    closed.swap(free_);
    free_.reserve(most_);
  }
}

void DatabasePool::give_back(std::unique_ptr<Database> database) {
  {
    const MutexLock lock(mutex_);
    if (database) {
      free_.push_back(std::move(database));
    } else {
      --open_;
    }
  }
  given_back_.notify_one();
}

}  // namespace grange
