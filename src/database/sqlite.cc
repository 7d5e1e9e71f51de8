#include "database/sqlite.h"

#include <cerrno>
#include <thread>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/core.h>
#include <sqlite3.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

constexpr const char* kDiskFull = "; the disk is full, free some space and try again";

bool disk_is_full(const std::string& file) {
  struct statvfs system {};
  return ::statvfs(file.c_str(), &system) == 0 &&
         system.f_bavail * system.f_frsize < (fsblkcnt_t{1} << 20);
}

/// SQLiteCpp's exception as one of ours.
[[noreturn]] void rethrow(const SQLite::Exception& error, const std::string& file) {
  const std::string message = "database '" + file + "': " + error.what();
  switch (error.getErrorCode()) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw UnavailableError(message + "; another process holds it, try again");
    case SQLITE_FULL:
      throw UnavailableError(message + kDiskFull);
    case SQLITE_IOERR:
      // SQLite says so also when it cannot enlarge the memory that its readers share.
      throw UnavailableError(message + (disk_is_full(file) ? kDiskFull : ""));
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      throw DeniedError(message);
    case SQLITE_CANTOPEN:
      if (::access(file.c_str(), F_OK) == 0 || errno == EACCES) throw DeniedError(message);
      throw NotFoundError(message);
    case SQLITE_CONSTRAINT:
      throw ConflictError(message);
    default:
      throw CorruptError(message);
  }
}

template <typename Action>
decltype(auto) translated(const std::string& file, Action&& action) {
  try {
    return std::forward<Action>(action)();
  } catch (const SQLite::Exception& error) {
    rethrow(error, file);
  }
}

/// SQLite's URI of a file: what could end the path or start an escape is escaped.
std::string immutable_uri(const std::string& file) {
  std::string uri = "file:";
  for (const char c : file) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02x}", static_cast<unsigned>(c));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

/// The SQL function grange_unhex.
void unhex(sqlite3_context* context, int /*count*/, sqlite3_value** values) {
  const auto* digits = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(values[0]));
  const auto bytes = digits == nullptr ? std::nullopt : base16_decode({digits, size});
  if (!bytes) return sqlite3_result_null(context);
  sqlite3_result_blob(context, bytes->empty() ? static_cast<const void*>("") : bytes->data(),
                      static_cast<int>(bytes->size()), SQLITE_TRANSIENT);
}

int open_flags(const SqliteOptions& options) {
  int flags = SQLite::OPEN_NOMUTEX;  // one owner
  if (options.read_only) {
    flags |= SQLite::OPEN_READONLY;
    if (options.immutable) flags |= SQLite::OPEN_URI;
  } else {
    flags |= SQLite::OPEN_READWRITE;
    if (options.create) flags |= SQLite::OPEN_CREATE;
  }
  return flags;
}

}  // namespace

struct SqliteDatabase::State {
  State(std::string path, const SqliteOptions& options)
      : file(std::move(path)),
        database(options.read_only && options.immutable ? immutable_uri(file) : file,
                 open_flags(options), static_cast<int>(options.busy_timeout.count())) {}
  std::string file;
  SQLite::Database database;
};

struct SqliteStatement::State {
  State(const SQLite::Database& database, const std::string& sql, std::string name)
      : file(std::move(name)), statement(database, sql) {}
  std::string file;
  SQLite::Statement statement;
};

SqliteDatabase::SqliteDatabase(const std::filesystem::path& file, const SqliteOptions& options) {
  translated(file.string(), [&] { state_ = std::make_unique<State>(file.string(), options); });
  execute("PRAGMA foreign_keys = ON");
  execute("PRAGMA synchronous = " + options.synchronous);
  // Of its pages so many bytes are kept, and so many pages wait until they are copied into the
  // file.
  execute("PRAGMA cache_size = -16384");
  execute("PRAGMA wal_autocheckpoint = 8000");
  if (!options.read_only) use_write_ahead_log(options.busy_timeout);
}

void SqliteDatabase::use_write_ahead_log(std::chrono::milliseconds patience) {
  // SQLite does not wait for everything that stands in the way of this one change.
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    try {
      return execute("PRAGMA journal_mode = WAL");
    } catch (const UnavailableError&) {
      if (std::chrono::steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

SqliteDatabase::SqliteDatabase(SqliteDatabase&&) noexcept = default;
SqliteDatabase& SqliteDatabase::operator=(SqliteDatabase&&) noexcept = default;
SqliteDatabase::~SqliteDatabase() = default;

void SqliteDatabase::execute(std::string_view sql) {
  translated(state_->file, [&] { state_->database.exec(std::string(sql)); });
}

SqliteStatement SqliteDatabase::prepare(std::string_view sql) {
  return translated(state_->file, [&] {
    return SqliteStatement(
        std::make_unique<SqliteStatement::State>(state_->database, std::string(sql), state_->file));
  });
}

void SqliteDatabase::define_unhex() {
  translated(state_->file, [&] {
    state_->database.createFunction("grange_unhex", 1, true, nullptr, &unhex, nullptr, nullptr,
                                    nullptr);
  });
}

std::int64_t SqliteDatabase::last_insert_id() const {
  return state_->database.getLastInsertRowid();
}

bool SqliteDatabase::in_transaction() const {
  return sqlite3_get_autocommit(state_->database.getHandle()) == 0;
}

SqliteStatement::SqliteStatement(std::unique_ptr<State> state) : state_(std::move(state)) {}
SqliteStatement::SqliteStatement(SqliteStatement&&) noexcept = default;
SqliteStatement& SqliteStatement::operator=(SqliteStatement&&) noexcept = default;
SqliteStatement::~SqliteStatement() = default;

SqliteStatement& SqliteStatement::bind(int index, std::int64_t value) {
  translated(state_->file, [&] { state_->statement.bind(index, value); });
  return *this;
}

SqliteStatement& SqliteStatement::bind(int index, double value) {
  translated(state_->file, [&] { state_->statement.bind(index, value); });
  return *this;
}

SqliteStatement& SqliteStatement::bind(int index, std::string_view text) {
  translated(state_->file, [&] { state_->statement.bind(index, std::string(text)); });
  return *this;
}

SqliteStatement& SqliteStatement::bind_blob(int index, ByteView bytes) {
  // SQLite would take no pointer for no value.
  const void* data = bytes.empty() ? static_cast<const void*>("") : bytes.data();
  translated(state_->file,
             [&] { state_->statement.bind(index, data, static_cast<int>(bytes.size())); });
  return *this;
}

SqliteStatement& SqliteStatement::bind_null(int index) {
  translated(state_->file, [&] { state_->statement.bind(index); });
  return *this;
}

bool SqliteStatement::step() {
  return translated(state_->file, [&] {
    try {
      return state_->statement.executeStep();
    } catch (...) {
      state_->statement.tryReset();
      throw;
    }
  });
}

std::int64_t SqliteStatement::run() {
  return translated(state_->file, [&]() -> std::int64_t {
    try {
      const int changed = state_->statement.exec();
      state_->statement.reset();
      state_->statement.clearBindings();
      return changed;
    } catch (...) {
      state_->statement.tryReset();
      throw;
    }
  });
}

void SqliteStatement::reset() {
  state_->statement.tryReset();
  translated(state_->file, [&] { state_->statement.clearBindings(); });
}

bool SqliteStatement::is_null(int column) const {
  return translated(state_->file, [&] { return state_->statement.isColumnNull(column); });
}

std::int64_t SqliteStatement::integer(int column) const {
  return translated(state_->file, [&] { return state_->statement.getColumn(column).getInt64(); });
}

double SqliteStatement::real(int column) const {
  return translated(state_->file, [&] { return state_->statement.getColumn(column).getDouble(); });
}

std::string_view SqliteStatement::text(int column) const {
  return as_text(blob(column));
}

ByteView SqliteStatement::blob(int column) const {
  return translated(state_->file, [&] {
    const auto value = state_->statement.getColumn(column);
    const auto* data = static_cast<const std::uint8_t*>(value.getBlob());
    return ByteView(data, static_cast<std::size_t>(value.getBytes()));
  });
}

SqliteTransaction::SqliteTransaction(SqliteDatabase& database) : database_(database) {
  database_.execute("BEGIN IMMEDIATE");
}

SqliteTransaction::~SqliteTransaction() {
  if (!open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const std::exception&) {  // SQLite has rolled back by itself (disk full, I/O error)
  }
}

void SqliteTransaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace grange
