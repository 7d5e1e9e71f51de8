#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <type_traits>

#include "base/error.h"
#include "base/thread_annotations.h"
#include "database/database_pool.h"

namespace grange {

/// The farm's database as its threads use it: each call that reads has a connection of its own for
/// as long as it takes. Writers take turns, as those of one SQLite file do, on one connection,
/// which keeps what it knows of the file. Thread safe.
class FarmDatabase {
 public:
  explicit FarmDatabase(DatabasePool& pool) : pool_(pool) {}

  /// Calls `ask(Database&)`, which sees the tables at one moment.
  template <typename Ask>
  auto read(Ask&& ask) {
    auto lent = pool_.lend();
    const Snapshot snapshot(*lent);
    return ask(*lent);
  }

  /// Calls `change(Database&)` in one transaction, which is rolled back when it throws.
  template <typename Change>
  auto write(Change&& change) EXCLUDES(mutex_) {
    Turn lent(*this);
    Transaction transaction(*lent);
    lent->lock("record");  // other processes write, too
    if constexpr (std::is_void_v<decltype(change(*lent))>) {
      change(*lent);
      transaction.commit();
      lent.keep();
    } else {
      auto result = change(*lent);
      transaction.commit();
      lent.keep();
      return result;
    }
  }

  /// The connection on which nobody writes just now may be closed.
  void rest() EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    writer_.reset();
  }

  /// Calls `use()`, which uses the database, again and again while that is away: for those whose
  /// work would be lost otherwise. Once a stop is requested what it throws is thrown.
  template <typename Use>
  static auto patiently(const std::stop_token& stop, Use&& use) {
    for (;;) {
      try {
        return use();
      } catch (const UnavailableError&) {
        if (stop.stop_requested()) throw;
      }
      rest(stop, kRest);
    }
  }
  /// Waits so long, or until a stop is requested.
  static void rest(const std::stop_token& stop, std::chrono::milliseconds time) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, time, [] { return false; });
  }

 private:
  static constexpr std::chrono::seconds kRest{1};
  static constexpr std::chrono::minutes kPatience{1};

  /// The turn to write, with the connection for it. It is used again unless something was thrown.
  class Turn {
   public:
    explicit Turn(FarmDatabase& database) : database_(database) {
      database_.take_turn(writer_);
      if (writer_) return;
      try {
        writer_ = std::make_unique<DatabasePool::Lent>(database_.pool_.lend());
      } catch (...) {
        database_.end_turn(writer_);
        throw;
      }
    }
    ~Turn() {
      if (!kept_) writer_.reset();
      database_.end_turn(writer_);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    void keep() { kept_ = true; }
    Database& operator*() const { return **writer_; }
    Database* operator->() const { return &**writer_; }

   private:
    FarmDatabase& database_;
    std::unique_ptr<DatabasePool::Lent> writer_;
    bool kept_ = false;
  };
  using Writer = std::unique_ptr<DatabasePool::Lent>;

  void take_turn(Writer& writer) EXCLUDES(mutex_) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    const MutexLock lock(mutex_);
    while (writing_) {
      if (std::chrono::steady_clock::now() >= deadline) {
        throw UnavailableError("the database is busy with what others write; try again");
      }
      ended_.wait_until(mutex_, deadline);
    }
    writing_ = true;
    writer = std::move(writer_);
  }

  void end_turn(Writer& writer) EXCLUDES(mutex_) {
    {
      const MutexLock lock(mutex_);
      writing_ = false;
      writer_ = std::move(writer);
    }
    ended_.notify_one();
  }

  DatabasePool& pool_;
  Mutex mutex_;
  std::condition_variable_any ended_;
  bool writing_ GUARDED_BY(mutex_) = false;
  Writer writer_ GUARDED_BY(mutex_);  ///< of the last one that wrote
};

}  // namespace grange
