#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <type_traits>

#include "base/error.h"
#include "database/database_pool.h"

namespace grange {

/// The farm's database as its threads use it: each call has a connection of its own for as long as
/// it takes. Thread safe.
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
  auto write(Change&& change) {
    auto lent = pool_.lend();
    Transaction transaction(*lent);
    lent->lock("record");  // writers take turns, as those of one SQLite file do
    if constexpr (std::is_void_v<decltype(change(*lent))>) {
      change(*lent);
      transaction.commit();
    } else {
      auto result = change(*lent);
      transaction.commit();
      return result;
    }
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

  DatabasePool& pool_;
};

}  // namespace grange
