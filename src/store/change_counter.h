#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/thread_annotations.h"
#include "database/sqlite.h"

namespace grange {

/// Tells that a database has been written to, by whatever connection or process, without looking at
/// what was written. Over a connection of its own, opened when it is first asked. Thread safe.
class ChangeCounter {
 public:
  explicit ChangeCounter(std::function<SqliteDatabase()> open) : open_(std::move(open)) {}

  /// The same number as before, unless something was committed meanwhile.
  std::uint64_t now() EXCLUDES(mutex_);

 private:
  /// The statement goes before its database.
  struct Connection {
    explicit Connection(SqliteDatabase opened)
        : database(std::move(opened)), version(database.prepare("PRAGMA data_version")) {}
    SqliteDatabase database;
    SqliteStatement version;
  };

  const std::function<SqliteDatabase()> open_;
  Mutex mutex_;
  std::optional<Connection> connection_ GUARDED_BY(mutex_);
};

}  // namespace grange
