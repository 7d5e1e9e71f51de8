#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/encoding.h"

namespace grange {

enum class DatabaseKind { sqlite, postgresql };

/// Where a database is: a SQLite file, or a PostgreSQL server by URL.
struct DatabaseLocation {
  DatabaseKind kind = DatabaseKind::sqlite;
  std::filesystem::path file;  ///< SQLite
  std::string url;             ///< "postgresql://…" or "postgres://…", as libpq reads it

  /// "postgresql://…", "postgres://…", "sqlite:FILE" or a path. Throws InvalidError.
  static DatabaseLocation parse(std::string_view text);
  /// As people may see it: without a password.
  std::string shown() const;
};

struct DatabaseOptions {
  bool read_only = false;
  /// How long a statement waits for another one's lock before UnavailableError.
  std::chrono::milliseconds patience{std::chrono::minutes(1)};
  /// Is a commit on disk when it returns?
  bool durable = true;
};

/// What a database does with one prepared statement; see Statement.
class StatementBackend {
 public:
  virtual ~StatementBackend() = default;
  virtual void bind(int index, std::int64_t value) = 0;
  virtual void bind(int index, double value) = 0;
  virtual void bind(int index, std::string_view text) = 0;
  virtual void bind_blob(int index, ByteView bytes) = 0;
  virtual void bind_null(int index) = 0;
  virtual void bind_integers(int index, std::span<const std::int64_t> values) = 0;
  virtual void bind_texts(int index, std::span<const std::string> values) = 0;
  virtual void bind_blobs(int index, std::span<const ByteView> values) = 0;
  virtual bool step() = 0;
  virtual std::int64_t run() = 0;
  virtual void reset() = 0;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual double real(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual ByteView blob(int column) const = 0;
};

/// One prepared statement. Bind by position (from 1), step, read columns (from 0). Belongs to the
/// thread that owns its database, and must go before it.
class Statement {
 public:
  explicit Statement(std::unique_ptr<StatementBackend> backend) : backend_(std::move(backend)) {}

  template <std::integral T>
  Statement& bind(int index, T value) {
    backend_->bind(index, static_cast<std::int64_t>(value));
    return *this;
  }
  Statement& bind(int index, double value) {
    backend_->bind(index, value);
    return *this;
  }
  Statement& bind(int index, std::string_view text) {
    backend_->bind(index, text);
    return *this;
  }
  Statement& bind_blob(int index, ByteView bytes) {
    backend_->bind_blob(index, bytes);
    return *this;
  }
  Statement& bind_null(int index) {
    backend_->bind_null(index);
    return *this;
  }
  template <typename T>
  Statement& bind_optional(int index, const std::optional<T>& value) {
    return value ? bind(index, *value) : bind_null(index);
  }
  /// A list, for what Database::one_of says of the same index.
  Statement& bind_integers(int index, std::span<const std::int64_t> values) {
    backend_->bind_integers(index, values);
    return *this;
  }
  Statement& bind_texts(int index, std::span<const std::string> values) {
    backend_->bind_texts(index, values);
    return *this;
  }
  Statement& bind_blobs(int index, std::span<const ByteView> values) {
    backend_->bind_blobs(index, values);
    return *this;
  }

  /// True while there is a row to read. Reset before binding again, also after the last row; an
  /// error resets by itself.
  bool step() { return backend_->step(); }
  /// For statements without rows: steps once and resets, also on failure. How many rows changed.
  std::int64_t run() { return backend_->run(); }
  /// Makes it ready for new bindings (they are cleared).
  void reset() { backend_->reset(); }

  bool is_null(int column) const { return backend_->is_null(column); }
  std::int64_t integer(int column) const { return backend_->integer(column); }
  double real(int column) const { return backend_->real(column); }
  /// Valid until the next step or reset.
  std::string_view text(int column) const { return backend_->text(column); }
  ByteView blob(int column) const { return backend_->blob(column); }

 private:
  std::unique_ptr<StatementBackend> backend_;
};

/// Many rows into one table at once (COPY, or one prepared statement): bind a row's values by
/// position, `next`, and `finish` after the last. Inside a transaction. Nothing else is asked of
/// the database in between.
class BulkInsert {
 public:
  virtual ~BulkInsert() = default;
  virtual void bind(int index, std::int64_t value) = 0;
  virtual void bind(int index, double value) = 0;
  virtual void bind(int index, std::string_view text) = 0;
  virtual void bind_blob(int index, ByteView bytes) = 0;
  virtual void bind_null(int index) = 0;
  virtual void next() = 0;
  /// Throws ConflictError when a row breaks a constraint, as `next` may; the transaction is then to
  /// be left.
  virtual void finish() = 0;
};

/// One connection to one database. Not thread safe: one owner.
///
/// Statements are written once for both kinds: parameters as ?1, ?2, … (or ? in their order),
/// integers of 64 bits, text in UTF-8 without NUL, blobs; `ON CONFLICT … DO`, `RETURNING`; no
/// function that only one kind has. Comparing text is bytewise on both.
///
/// After an error a transaction is to be left: PostgreSQL refuses all further statements in it.
///
/// Errors are ours, naming the database: busy, full, no connection and failing input or output →
/// UnavailableError; read-only or not permitted → DeniedError; no such file or database →
/// NotFoundError; constraint, serialisation failure and deadlock → ConflictError; anything else
/// → CorruptError.
class Database {
 public:
  virtual ~Database() = default;
  virtual DatabaseKind kind() const = 0;
  /// As people may see it (DatabaseLocation::shown).
  virtual const std::string& name() const = 0;

  /// Runs one or more statements without parameters.
  virtual void execute(std::string_view sql) = 0;
  virtual Statement prepare(std::string_view sql) = 0;
  /// See BulkInsert.
  virtual std::unique_ptr<BulkInsert> bulk_insert(std::string_view table,
                                                  std::span<const std::string_view> columns) = 0;

  /// Begins to write (BEGIN IMMEDIATE), or to read at one moment; prefer the classes below.
  virtual void begin_writing() = 0;
  virtual void begin_reading() = 0;
  virtual void commit() = 0;
  virtual void roll_back() = 0;
  virtual bool in_transaction() const = 0;
  /// For the rest of the transaction that writes: no other one holds the same name. It is waited
  /// for, and what is read afterwards is what it committed. SQLite's writers take turns anyway;
  /// PostgreSQL's do not, and what is read before something is written may be gone by then.
  virtual void lock(std::string_view name) = 0;

  /// Tells those who listen (database_listener.h), once the present transaction is committed.
  /// SQLite knows nobody: they look by themselves. The payload has at most 7,999 bytes.
  virtual void notify(std::string_view channel, std::string_view payload) = 0;

  enum class ListOf { integers, texts, blobs };
  /// "IN (…)" or "= ANY (…)": the condition, after a column, that it is one of the list that is
  /// bound at this index.
  virtual std::string one_of(int index, ListOf type) const = 0;
};

/// A transaction that writes: rolled back at destruction unless committed. Keep it short.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) { database.begin_writing(); }
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

/// Several reads that see the tables as they are at one moment.
class Snapshot {
 public:
  explicit Snapshot(Database& database) : database_(database) { database.begin_reading(); }
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  Database& database_;
};

/// Opens it: a SQLite file is created where it is missing (unless read only); a PostgreSQL database
/// must be there.
std::unique_ptr<Database> open_database(const DatabaseLocation& location,
                                        const DatabaseOptions& options = {});

}  // namespace grange
