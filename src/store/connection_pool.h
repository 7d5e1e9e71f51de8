#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/thread_annotations.h"

namespace grange {

/// A bounded number of connections to one store, made when they are first needed. Whoever borrows
/// one has it alone; it is given back when it is whole, and dropped otherwise. Thread safe.
///
/// A connection has `bool is_whole()` and `void interrupt() noexcept`.
template <typename Connection>
class ConnectionPool {
 public:
  class Lease {
   public:
    Lease(Lease&& other) noexcept = delete;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      stopping_.reset();
      pool_.give_back(std::move(connection_));
    }
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    friend class ConnectionPool;
    Lease(ConnectionPool& pool, std::unique_ptr<Connection> connection, const std::stop_token& stop)
        : pool_(pool), connection_(std::move(connection)) {
      stopping_.emplace(stop, Interrupt{connection_.get()});
    }

    struct Interrupt {
      Connection* connection;
      void operator()() const noexcept { connection->interrupt(); }
    };
    ConnectionPool& pool_;
    std::unique_ptr<Connection> connection_;
    std::optional<std::stop_callback<Interrupt>> stopping_;
  };

  using Connect = std::function<std::unique_ptr<Connection>(const std::stop_token&)>;
  ConnectionPool(Connect connect, unsigned most)
      : connect_(std::move(connect)), most_(most > 0 ? most : 1) {}

  /// Waits while all are in use. When `stop` is asked for, what uses the connection is interrupted.
  Lease borrow(const std::stop_token& stop) {
    auto idle = take_idle(stop);
    if (idle) return Lease(*this, std::move(idle), stop);
    try {
      return Lease(*this, connect_(stop), stop);
    } catch (...) {
      give_back(nullptr);
      throw;
    }
  }

 private:
  /// Nothing: a new one may be made, and counts from here on.
  std::unique_ptr<Connection> take_idle(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] {
      const MutexLock lock(mutex_);
      changed_.notify_all();
    });
    for (;;) {
      std::unique_ptr<Connection> found;
      {
        const MutexLock lock(mutex_);
        while (idle_.empty() && in_use_ >= most_ && !stop.stop_requested()) changed_.wait(mutex_);
        if (stop.stop_requested()) throw CancelledError("waiting for a connection was cancelled");
        ++in_use_;
        if (idle_.empty()) return nullptr;
        found = std::move(idle_.back());
        idle_.pop_back();
      }
      if (found->is_whole()) return found;  // its peer may have gone meanwhile
      give_back(std::move(found));
    }
  }

  void give_back(std::unique_ptr<Connection> connection) {
    if (connection && !connection->is_whole()) connection.reset();
    const MutexLock lock(mutex_);
    --in_use_;
    if (connection) idle_.push_back(std::move(connection));
    changed_.notify_one();
  }

  Connect connect_;
  unsigned most_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::unique_ptr<Connection>> idle_ GUARDED_BY(mutex_);
  unsigned in_use_ GUARDED_BY(mutex_) = 0;
};

}  // namespace grange
