#pragma once

#include <type_traits>

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

 private:
  DatabasePool& pool_;
};

}  // namespace grange
