#include "database/postgres_backend.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "database/postgres_connection.h"
#include "database/postgres_copy.h"
#include "database/postgres_sql.h"

namespace grange {
namespace {

/// How many texts are kept prepared: more than any program has of its own.
constexpr std::size_t kPreparedTexts = 1024;

/// A text that is prepared in the server, once for each way that its parameters have types.
struct PostgresPrepared {
  struct Variant {
    std::vector<Oid> types;
    std::string name;
  };

  explicit PostgresPrepared(std::string_view text) : sql(postgres_sql(text)) {}

  /// A NULL is of every type.
  const Variant* find(std::span<const PostgresParameter> parameters) const {
    const auto fits = [](Oid type, const PostgresParameter& parameter) {
      return parameter.null || parameter.type == type;
    };
    for (const auto& variant : variants) {
      if (std::equal(variant.types.begin(), variant.types.end(), parameters.begin(), fits)) {
        return &variant;
      }
    }
    return nullptr;
  }

  PostgresSql sql;
  std::uint64_t session = 0;  // in which the variants are known
  std::vector<Variant> variants;
};

class PostgresStatement final : public StatementBackend {
 public:
  PostgresStatement(PostgresConnection& connection, std::uint64_t& names,
                    std::shared_ptr<PostgresPrepared> prepared)
      : connection_(connection),
        names_(names),
        prepared_(std::move(prepared)),
        parameters_(static_cast<std::size_t>(prepared_->sql.parameters)) {}

  void bind(int index, std::int64_t value) override {
    parameter(index) = PostgresParameter::of(value);
  }
  void bind(int index, double value) override { parameter(index) = PostgresParameter::of(value); }
  void bind(int index, std::string_view text) override {
    parameter(index) = PostgresParameter::of(text);
  }
  void bind_blob(int index, ByteView bytes) override {
    parameter(index) = PostgresParameter::of_blob(bytes);
  }
  void bind_null(int index) override { parameter(index) = {}; }
  void bind_integers(int index, std::span<const std::int64_t> values) override {
    parameter(index) = PostgresParameter::of_list(values);
  }
  void bind_texts(int index, std::span<const std::string> values) override {
    parameter(index) = PostgresParameter::of_list(values);
  }
  void bind_blobs(int index, std::span<const ByteView> values) override {
    parameter(index) = PostgresParameter::of_list(values);
  }

  bool step() override {
    if (!result_) execute();
    if (row_ < PQntuples(result_.get())) ++row_;
    return row_ < PQntuples(result_.get());
  }

  std::int64_t run() override {
    execute();
    const auto changed = parse_number(PQcmdTuples(result_.get())).value_or(0);
    reset();
    return static_cast<std::int64_t>(changed);
  }

  void reset() override {
    result_.reset();
    row_ = -1;
    std::fill(parameters_.begin(), parameters_.end(), PostgresParameter());
  }

  bool is_null(int column) const override {
    check_row(column);
    return PQgetisnull(result_.get(), row_, column) != 0;
  }
  std::int64_t integer(int column) const override {
    return postgres_integer(PQftype(result_.get(), column), value(column));
  }
  double real(int column) const override {
    return postgres_real(PQftype(result_.get(), column), value(column));
  }
  std::string_view text(int column) const override {
    return postgres_text(PQftype(result_.get(), column), value(column));
  }
  ByteView blob(int column) const override { return as_bytes(text(column)); }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw CorruptError("database '" + connection_.name() + "': " + what);
  }

  PostgresParameter& parameter(int index) {
    if (result_) refuse("a statement is bound before it is reset");
    if (index < 1 || static_cast<std::size_t>(index) > parameters_.size()) {
      refuse(fmt::format("a statement has no parameter {}", index));
    }
    return parameters_[static_cast<std::size_t>(index) - 1];
  }

  void check_row(int column) const {
    if (!result_ || row_ < 0 || row_ >= PQntuples(result_.get()) || column < 0 ||
        column >= PQnfields(result_.get())) {
      refuse(fmt::format("there is no column {} to read", column));
    }
  }

  std::string_view value(int column) const {
    check_row(column);
    return {PQgetvalue(result_.get(), row_, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
  }

  void execute() {
    try {
      result_ = connection_.run_prepared(variant().name, parameters_);
      row_ = -1;
    } catch (...) {
      reset();
      throw;
    }
  }

  const PostgresPrepared::Variant& variant() {
    connection_.need_session();
    if (prepared_->session != connection_.session()) {
      prepared_->variants.clear();
      prepared_->session = connection_.session();
    }
    if (const auto* known = prepared_->find(parameters_)) return *known;
    PostgresPrepared::Variant variant{{}, "grange_" + std::to_string(++names_)};
    for (const auto& parameter : parameters_) variant.types.push_back(parameter.type);
    connection_.prepare(variant.name, prepared_->sql.text, variant.types);
    return prepared_->variants.emplace_back(std::move(variant));
  }

  PostgresConnection& connection_;
  std::uint64_t& names_;
  std::shared_ptr<PostgresPrepared> prepared_;  // with all statements of its text
  std::vector<PostgresParameter> parameters_;
  PostgresResult result_{nullptr, &PQclear};
  int row_ = -1;
};

class PostgresBackend final : public Database {
 public:
  PostgresBackend(const DatabaseLocation& location, const DatabaseOptions& options)
      : connection_(location, options) {}

  DatabaseKind kind() const override { return DatabaseKind::postgresql; }
  const std::string& name() const override { return connection_.name(); }

  void execute(std::string_view sql) override { connection_.execute(std::string(sql)); }

  Statement prepare(std::string_view sql) override {
    return Statement(std::make_unique<PostgresStatement>(connection_, names_, prepared(sql)));
  }

  std::unique_ptr<BulkInsert> bulk_insert(std::string_view table,
                                          std::span<const std::string_view> columns) override {
    return begin_postgres_copy(connection_, table, columns);
  }

  void begin_writing() override { connection_.begin("BEGIN ISOLATION LEVEL READ COMMITTED"); }
  void begin_reading() override {
    connection_.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  }
  void commit() override { connection_.commit(); }
  void roll_back() override { connection_.roll_back(); }
  bool in_transaction() const override { return connection_.in_transaction(); }

  void lock(std::string_view name) override {
    auto statement = prepare("SELECT pg_advisory_xact_lock(hashtextextended(?1, 0))");
    statement.bind(1, name).step();
  }

  void notify(std::string_view channel, std::string_view payload) override {
    auto statement = prepare("SELECT pg_notify(?1, ?2)");
    statement.bind(1, channel).bind(2, payload).step();
  }

  std::string one_of(int index, ListOf type) const override {
    constexpr std::string_view kTypes[] = {"bigint", "text", "bytea"};
    return fmt::format("= ANY (?{}::{}[])", index, kTypes[static_cast<std::size_t>(type)]);
  }

 private:
  std::shared_ptr<PostgresPrepared> prepared(std::string_view sql) {
    if (const auto found = prepared_.find(sql); found != prepared_.end()) return found->second;
    if (prepared_.size() >= kPreparedTexts && !in_transaction()) {
      connection_.forget_prepared();
      prepared_.clear();
    }
    return prepared_.emplace(sql, std::make_shared<PostgresPrepared>(sql)).first->second;
  }

  PostgresConnection connection_;
  std::uint64_t names_ = 0;
  std::map<std::string, std::shared_ptr<PostgresPrepared>, std::less<>> prepared_;
};

}  // namespace

std::unique_ptr<Database> open_postgres(const DatabaseLocation& location,
                                        const DatabaseOptions& options) {
  return std::make_unique<PostgresBackend>(location, options);
}

}  // namespace grange
