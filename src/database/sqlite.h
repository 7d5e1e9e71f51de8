#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.h"

namespace grange {

/// How one SQLite file is opened.
struct SqliteOptions {
  bool read_only = false;
  bool create = true;
  /// Only with `read_only`: nobody writes to the file while it is open, and no lock or shared
  /// memory file is made beside it. For a file in a place where we may not write.
  bool immutable = false;
  /// How long a statement waits for another process's lock before UnavailableError.
  std::chrono::milliseconds busy_timeout{std::chrono::minutes(1)};
  /// PRAGMA synchronous: "OFF", "NORMAL" or "FULL".
  std::string synchronous = "NORMAL";
};

class SqliteDatabase;

/// One prepared statement. Bind by position (from 1), step, read columns (from 0). Belongs to the
/// thread that owns its database, and must go before it.
class SqliteStatement {
 public:
  SqliteStatement(SqliteStatement&&) noexcept;
  SqliteStatement& operator=(SqliteStatement&&) noexcept;
  ~SqliteStatement();

  SqliteStatement& bind(int index, std::int64_t value);
  template <std::integral T>
  SqliteStatement& bind(int index, T value) {
    return bind(index, static_cast<std::int64_t>(value));
  }
  SqliteStatement& bind(int index, double value);
  SqliteStatement& bind(int index, std::string_view text);
  SqliteStatement& bind_blob(int index, ByteView bytes);
  SqliteStatement& bind_null(int index);
  template <typename T>
  SqliteStatement& bind_optional(int index, const std::optional<T>& value) {
    return value ? bind(index, *value) : bind_null(index);
  }

  /// True while there is a row to read. Reset before binding again, also after the last row; an
  /// error resets by itself.
  bool step();
  /// For statements without rows: steps once and resets, also on failure. How many rows changed.
  std::int64_t run();
  /// Makes it ready for new bindings (they are cleared).
  void reset();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  /// Valid until the next step or reset.
  std::string_view text(int column) const;
  ByteView blob(int column) const;

 private:
  friend class SqliteDatabase;
  struct State;
  explicit SqliteStatement(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// One connection to one SQLite file (WAL, foreign keys on). Not thread safe: one owner.
///
/// SQLite's errors become ours, naming the file: busy, full and failing input or output →
/// UnavailableError; read-only or not permitted → DeniedError; no such file → NotFoundError;
/// constraint → ConflictError; anything else (no database, a missing table) → CorruptError.
class SqliteDatabase {
 public:
  SqliteDatabase(const std::filesystem::path& file, const SqliteOptions& options);
  SqliteDatabase(SqliteDatabase&&) noexcept;
  SqliteDatabase& operator=(SqliteDatabase&&) noexcept;
  ~SqliteDatabase();

  /// Runs one or more statements without parameters.
  void execute(std::string_view sql);
  SqliteStatement prepare(std::string_view sql);
  /// Defines the SQL function grange_unhex: the blob of a text of hexadecimal digits, or NULL.
  /// (SQLite has such a one of its own from 3.41 on.)
  void define_unhex();
  std::int64_t last_insert_id() const;
  /// Is the connection inside a transaction?
  bool in_transaction() const;

 private:
  struct State;
  void use_write_ahead_log(std::chrono::milliseconds patience);
  std::unique_ptr<State> state_;
};

/// BEGIN IMMEDIATE at construction, ROLLBACK at destruction unless committed. Keep it short.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteDatabase& database);
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;
  void commit();

 private:
  SqliteDatabase& database_;
  bool open_ = true;
};

}  // namespace grange
