#include "database/sqlite_backend.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/error.h"
#include "database/sqlite.h"

namespace grange {
namespace {

/// How many prepared statements that nobody uses are kept: more than any program has of its own.
constexpr std::size_t kIdleStatements = 512;

/// A list as SQLite's json_each reads it.
class JsonArray {
 public:
  void add(std::string_view raw) {
    if (text_.size() > 1) text_ += ',';
    text_ += raw;
  }
  void add_string(std::string_view value) {
    add("\"");
    for (const char c : value) {
      if (c == '"' || c == '\\') {
        text_ += '\\';
        text_ += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        text_ += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      } else {
        text_ += c;
      }
    }
    text_ += '"';
  }
  std::string finish() && { return std::move(text_ += ']'); }

 private:
  std::string text_ = "[";
};

/// Prepared statements that nobody uses at present, by their text.
class IdleStatements {
 public:
  std::optional<SqliteStatement> take(std::string_view sql) {
    const auto found = statements_.find(sql);
    if (found == statements_.end() || found->second.empty()) return std::nullopt;
    std::optional<SqliteStatement> statement(std::move(found->second.back()));
    found->second.pop_back();
    --count_;
    return statement;
  }
  void give(std::string sql, SqliteStatement statement) {
    if (count_ >= kIdleStatements) {
      statements_.clear();
      count_ = 0;
    }
    statements_[std::move(sql)].push_back(std::move(statement));
    ++count_;
  }

 private:
  std::map<std::string, std::vector<SqliteStatement>, std::less<>> statements_;
  std::size_t count_ = 0;
};

class SqliteStatementBackend final : public StatementBackend {
 public:
  SqliteStatementBackend(IdleStatements& idle, std::string_view sql, SqliteStatement statement)
      : idle_(idle), sql_(sql), statement_(std::move(statement)) {}
  ~SqliteStatementBackend() override {
    try {
      statement_.reset();
      idle_.give(std::move(sql_), std::move(statement_));
    } catch (const std::exception&) {  // it is not used again
    }
  }
  SqliteStatementBackend(const SqliteStatementBackend&) = delete;
  SqliteStatementBackend& operator=(const SqliteStatementBackend&) = delete;

  void bind(int index, std::int64_t value) override { statement_.bind(index, value); }
  void bind(int index, double value) override { statement_.bind(index, value); }
  void bind(int index, std::string_view text) override { statement_.bind(index, text); }
  void bind_blob(int index, ByteView bytes) override { statement_.bind_blob(index, bytes); }
  void bind_null(int index) override { statement_.bind_null(index); }

  void bind_integers(int index, std::span<const std::int64_t> values) override {
    JsonArray list;
    for (const auto value : values) list.add(std::to_string(value));
    statement_.bind(index, std::move(list).finish());
  }
  void bind_texts(int index, std::span<const std::string> values) override {
    JsonArray list;
    for (const auto& value : values) list.add_string(value);
    statement_.bind(index, std::move(list).finish());
  }
  void bind_blobs(int index, std::span<const ByteView> values) override {
    JsonArray list;
    for (const auto value : values) list.add_string(base16_encode(value));
    statement_.bind(index, std::move(list).finish());
  }

  bool step() override { return statement_.step(); }
  std::int64_t run() override { return statement_.run(); }
  void reset() override { statement_.reset(); }
  bool is_null(int column) const override { return statement_.is_null(column); }
  std::int64_t integer(int column) const override { return statement_.integer(column); }
  double real(int column) const override { return statement_.real(column); }
  std::string_view text(int column) const override { return statement_.text(column); }
  ByteView blob(int column) const override { return statement_.blob(column); }

 private:
  IdleStatements& idle_;
  std::string sql_;
  SqliteStatement statement_;
};

/// One prepared INSERT: within a transaction SQLite has nothing faster.
class SqliteBulkInsert final : public BulkInsert {
 public:
  explicit SqliteBulkInsert(Statement insert) : insert_(std::move(insert)) {}
  void bind(int index, std::int64_t value) override { insert_.bind(index, value); }
  void bind(int index, double value) override { insert_.bind(index, value); }
  void bind(int index, std::string_view text) override { insert_.bind(index, text); }
  void bind_blob(int index, ByteView bytes) override { insert_.bind_blob(index, bytes); }
  void bind_null(int index) override { insert_.bind_null(index); }
  void next() override { insert_.run(); }
  void finish() override {}

 private:
  Statement insert_;
};

SqliteOptions sqlite_options(const DatabaseOptions& options) {
  SqliteOptions sqlite;
  sqlite.read_only = options.read_only;
  sqlite.busy_timeout = options.patience;
  sqlite.synchronous = options.durable ? "FULL" : "NORMAL";
  return sqlite;
}

class SqliteBackend final : public Database {
 public:
  SqliteBackend(const DatabaseLocation& location, const DatabaseOptions& options)
      : name_(location.shown()), database_(location.file, sqlite_options(options)) {
    database_.define_unhex();
  }

  DatabaseKind kind() const override { return DatabaseKind::sqlite; }
  const std::string& name() const override { return name_; }

  void execute(std::string_view sql) override { database_.execute(sql); }

  Statement prepare(std::string_view sql) override {
    auto statement = idle_.take(sql);
    if (!statement) statement.emplace(database_.prepare(sql));
    return Statement(std::make_unique<SqliteStatementBackend>(idle_, sql, std::move(*statement)));
  }

  std::unique_ptr<BulkInsert> bulk_insert(std::string_view table,
                                          std::span<const std::string_view> columns) override {
    std::string names, values;
    for (const auto column : columns) {
      names += names.empty() ? "" : ", ";
      names += column;
      values += values.empty() ? "?" : ", ?";
    }
    return std::make_unique<SqliteBulkInsert>(
        prepare(fmt::format("INSERT INTO {} ({}) VALUES ({})", table, names, values)));
  }

  void begin_writing() override { prepare("BEGIN IMMEDIATE").run(); }
  void begin_reading() override { prepare("BEGIN").run(); }
  void commit() override { prepare("COMMIT").run(); }
  void roll_back() override {
    // On a full disk SQLite has done so by itself.
    if (in_transaction()) database_.execute("ROLLBACK");
  }
  bool in_transaction() const override { return database_.in_transaction(); }

  void lock(std::string_view /*name*/) override {}

  void notify(std::string_view /*channel*/, std::string_view /*payload*/) override {}

  std::string one_of(int index, ListOf type) const override {
    // As a subquery it is read once, and an index of the column is searched for each value.
    return fmt::format("IN (SELECT {} FROM json_each(?{}))",
                       type == ListOf::blobs ? "grange_unhex(value)" : "value", index);
  }

 private:
  std::string name_;
  SqliteDatabase database_;
  IdleStatements idle_;  // goes before its database
};

}  // namespace

std::unique_ptr<Database> open_sqlite(const DatabaseLocation& location,
                                      const DatabaseOptions& options) {
  return std::make_unique<SqliteBackend>(location, options);
}

}  // namespace grange
