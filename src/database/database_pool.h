#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/thread_annotations.h"
#include "database/database.h"

namespace grange {

/// A bounded number of connections to one database, which threads borrow. They are opened when they
/// are first needed, and kept. Thread safe; must outlive what it has lent.
class DatabasePool {
 public:
  /// One connection for as long as this lives: it is the borrower's alone. What is left open in it
  /// is rolled back.
  class Lent {
   public:
    Lent(Lent&& other) noexcept = default;
    Lent& operator=(Lent&&) = delete;
    ~Lent();
    Database& operator*() const { return *database_; }
    Database* operator->() const { return database_.get(); }

   private:
    friend class DatabasePool;
    Lent(DatabasePool& pool, std::unique_ptr<Database> database)
        : pool_(pool), database_(std::move(database)) {}
    DatabasePool& pool_;
    std::unique_ptr<Database> database_;
  };

  /// At least one connection.
  DatabasePool(DatabaseLocation location, DatabaseOptions options, std::size_t most);

  /// Waits for one that is free. Throws UnavailableError when all are in use until `patience` is
  /// over, CancelledError when it is to stop, and what open_database throws.
  Lent lend(std::chrono::milliseconds patience = std::chrono::seconds(30),
            const std::stop_token& stop = {});

  /// Closes those that nobody uses, with the memory that they have.
  void close_free();

  const DatabaseLocation& location() const { return location_; }

 private:
  /// One that is free; null where another one may be opened, which is then counted.
  std::unique_ptr<Database> take(std::chrono::milliseconds patience, const std::stop_token& stop);
  /// Null: it is no more.
  void give_back(std::unique_ptr<Database> database);

  const DatabaseLocation location_;
  const DatabaseOptions options_;
  const std::size_t most_;
  Mutex mutex_;
  std::condition_variable_any given_back_;
  std::vector<std::unique_ptr<Database>> free_ GUARDED_BY(mutex_);
  std::size_t open_ GUARDED_BY(mutex_) = 0;  // lent, or free
};

}  // namespace grange
