#include "database/postgres_connection.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>
#include <poll.h>

#include "base/error.h"
#include "base/text.h"
#include "database/postgres_error.h"

namespace grange {
namespace {

using PostgresClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kConnectPatience(10);
constexpr std::chrono::seconds kMostConnectPatience(60);

int remaining_milliseconds(PostgresClock::time_point deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - PostgresClock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30));
}

bool is_ready(PGconn* connection, short events, int milliseconds) {
  pollfd socket{PQsocket(connection), events, 0};
  return ::poll(&socket, 1, milliseconds) > 0;
}

/// Of all that a server says unasked only its farewell matters: the argument is a bool.
void heed_notice(void* dismissed, const PGresult* notice) {
  const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  const std::string_view text(severity == nullptr ? "" : severity);
  if (text == "FATAL" || text == "PANIC") *static_cast<bool*>(dismissed) = true;
}

/// What the URL says, within bounds: libpq itself heeds it only where it waits by itself.
std::chrono::seconds connect_patience(PGconn* connection) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfo(connection),
                                                                             &PQconninfoFree);
  for (const auto* option = options.get(); option != nullptr && option->keyword != nullptr;
       ++option) {
    if (std::string_view(option->keyword) != "connect_timeout" || option->val == nullptr) continue;
    if (const auto seconds = parse_number(option->val); seconds && *seconds > 0) {
      return std::min(std::chrono::seconds(*seconds), kMostConnectPatience);
    }
  }
  return kConnectPatience;
}

/// libpq's message in one line: without the place in the server's source, which we asked for
/// because the SQLSTATE comes with it.
std::string one_line(std::string_view message, std::string_view state) {
  std::vector<std::string> lines;
  for (const auto line : split(message, '\n')) {
    const auto text = trim(line);
    if (text.empty() || text.starts_with("LOCATION:")) continue;
    lines.push_back(state.empty() ? std::string(text)
                                  : replace_all(std::string(text), std::string(state) + ": ", ""));
  }
  return join(lines, "; ");
}

}  // namespace

PostgresConnection::PostgresConnection(const DatabaseLocation& location,
                                       const DatabaseOptions& options)
    : url_(location.url), options_(options), name_(location.shown()) {
  connect();
}

void PostgresConnection::connect() {
  // What comes after the URL overrides it, what comes before it is a default. A peer that is gone
  // without a word is noticed.
  constexpr const char* kKeywords[] = {
      "fallback_application_name", "keepalives_idle", "keepalives_interval", "keepalives_count",
      "tcp_user_timeout",          "dbname",          "client_encoding",     nullptr};
  const char* values[] = {"grange", "30", "10", "3", "60000", url_.c_str(), "UTF8", nullptr};
  connection_.reset(PQconnectStartParams(kKeywords, values, 1));
  ++session_;
  dismissed_ = false;
  if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD) fail_connecting();
  PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
  PQsetNoticeReceiver(connection_.get(), &heed_notice, &dismissed_);
  const auto patience = connect_patience(connection_.get());
  const auto deadline = PostgresClock::now() + patience;
  for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;) {
    if (state == PGRES_POLLING_FAILED) fail_connecting();
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!is_ready(connection_.get(), events, remaining_milliseconds(deadline)) &&
        PostgresClock::now() >= deadline) {
      connection_.reset();
      throw UnavailableError(
          fmt::format("database '{}': no connection within {} s", name_, patience.count()));
    }
    state = PQconnectPoll(connection_.get());
  }
  PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  set_up_session();
}

void PostgresConnection::set_up_session() {
  // Everything that is asked for has an index. A statement is planned once, perhaps while its table
  // is empty and a scan of it costs nothing: that plan would stay when it has grown. What cannot do
  // without a scan looks so costly then that it would be compiled, which takes longer than it does.
  constexpr std::string_view kPlans = "; SET enable_seqscan = off; SET jit = off";
  // Zero would mean for ever.
  const auto patience = std::clamp<std::int64_t>(options_.patience.count(), 1, 1 << 30);
  auto settings = fmt::format(
      "SET lock_timeout = {}; SET client_min_messages = warning; "
      "SET standard_conforming_strings = on{}",
      patience, kPlans);
  if (options_.read_only) settings += "; SET default_transaction_read_only = on";
  if (!options_.durable) settings += "; SET synchronous_commit = off";
  try {
    checked(PQexec(connection_.get(), settings.c_str()));
  } catch (...) {
    connection_.reset();
    throw;
  }
}

void PostgresConnection::need_session() {
  if (connection_ && !is_lost()) return;
  if (transaction_) {
    throw UnavailableError("database '" + name_ +
                           "': the connection was lost within a transaction; try again");
  }
  connect();
}

bool PostgresConnection::is_lost() {
  auto* connection = connection_.get();
  // The server may have ended it while we were idle: its farewell and the end are read.
  for (int reads = 0; reads < 4 && PQstatus(connection) == CONNECTION_OK; ++reads) {
    if (transaction_ || dismissed_ || !is_ready(connection, POLLIN, 0)) break;
    PQconsumeInput(connection);
    PQisBusy(connection);  // parses what has come
  }
  return dismissed_ || PQstatus(connection) != CONNECTION_OK;
}

PostgresResult PostgresConnection::checked(PGresult* result) {
  PostgresResult owned(result, &PQclear);
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_COPY_IN:
    case PGRES_EMPTY_QUERY:
      return owned;
    default:
      fail(result);
  }
}

void PostgresConnection::fail(const PGresult* result) {
  const auto field = [&](int code) {
    const char* text = PQresultErrorField(result, code);
    return std::string(text == nullptr ? "" : text);
  };
  const auto state = field(PG_DIAG_SQLSTATE);
  auto message = field(PG_DIAG_MESSAGE_PRIMARY);
  if (const auto detail = field(PG_DIAG_MESSAGE_DETAIL); !detail.empty()) message += ": " + detail;
  if (message.empty()) message = one_line(PQerrorMessage(connection_.get()), {});
  message = "database '" + name_ + "': " + message;
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    throw UnavailableError(message + "; the connection is lost, try again");
  }
  if (state.empty()) throw CorruptError(message);
  throw_postgres_error(state, message);
}

void PostgresConnection::fail_connecting() {
  if (!connection_) throw UnavailableError("database '" + name_ + "': out of memory");
  const std::string text = PQerrorMessage(connection_.get());
  const std::string state(sqlstate_in(text));
  const auto message = "database '" + name_ + "': " + one_line(text, state);
  const bool password = PQconnectionNeedsPassword(connection_.get()) != 0;
  connection_.reset();
  if (!state.empty()) throw_postgres_error(state, message);
  if (password) throw DeniedError(message);
  throw UnavailableError(message);
}

PostgresResult PostgresConnection::execute(const std::string& sql) {
  need_session();
  return checked(PQexec(connection_.get(), sql.c_str()));
}

void PostgresConnection::prepare(const std::string& statement, const std::string& sql,
                                 std::span<const Oid> types) {
  checked(PQprepare(connection_.get(), statement.c_str(), sql.c_str(),
                    static_cast<int>(types.size()), types.data()));
}

PostgresResult PostgresConnection::run_prepared(const std::string& statement,
                                                std::span<const PostgresParameter> parameters) {
  constexpr int kBinary = 1;
  std::vector<const char*> values;
  std::vector<int> lengths;
  const std::vector<int> formats(parameters.size(), kBinary);
  for (const auto& parameter : parameters) {
    values.push_back(parameter.null ? nullptr : parameter.data.c_str());
    lengths.push_back(static_cast<int>(parameter.data.size()));
  }
  return checked(PQexecPrepared(connection_.get(), statement.c_str(),
                                static_cast<int>(parameters.size()), values.data(), lengths.data(),
                                formats.data(), kBinary));
}

void PostgresConnection::forget_prepared() {
  execute("DEALLOCATE ALL");
  ++session_;
}

void PostgresConnection::begin_copy(const std::string& sql) {
  execute(sql);
}

void PostgresConnection::put_copy(std::string_view data) {
  if (PQputCopyData(connection_.get(), data.data(), static_cast<int>(data.size())) == 1) return;
  end_copy("it failed");
  fail(nullptr);
}

void PostgresConnection::end_copy(const char* give_up_because) {
  PQputCopyEnd(connection_.get(), give_up_because);
  PostgresResult failed(nullptr, &PQclear);
  while (PostgresResult result{PQgetResult(connection_.get()), &PQclear}) {
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK && !failed) failed = std::move(result);
    if (PQstatus(connection_.get()) != CONNECTION_OK) break;
  }
  if (give_up_because != nullptr) return;
  if (failed) fail(failed.get());
  if (PQstatus(connection_.get()) != CONNECTION_OK) fail(nullptr);
}

void PostgresConnection::begin(const std::string& sql) {
  if (in_transaction()) {
    throw CorruptError("database '" + name_ + "': a transaction is begun within a transaction");
  }
  execute(sql);
  transaction_ = true;
}

void PostgresConnection::commit() {
  if (!in_transaction()) {
    throw CorruptError("database '" + name_ + "': there is no transaction to commit");
  }
  need_session();
  transaction_ = false;  // also when it fails
  const auto result = checked(PQexec(connection_.get(), "COMMIT"));
  if (std::string_view(PQcmdStatus(result.get())) == "ROLLBACK") {
    throw ConflictError("database '" + name_ +
                        "': the transaction is rolled back because a statement in it has failed");
  }
}

void PostgresConnection::roll_back() {
  const bool open = in_transaction();
  transaction_ = false;
  if (!open || !connection_ || PQstatus(connection_.get()) != CONNECTION_OK) return;
  checked(PQexec(connection_.get(), "ROLLBACK"));
}

bool PostgresConnection::in_transaction() const {
  if (transaction_) return true;
  if (!connection_) return false;
  const auto status = PQtransactionStatus(connection_.get());
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

std::vector<DatabaseNotification> PostgresConnection::notifications(
    std::chrono::milliseconds patience, int wake) {
  const auto deadline = PostgresClock::now() + patience;
  std::vector<DatabaseNotification> arrived;
  for (;;) {
    PQconsumeInput(connection_.get());
    while (PGnotify* notify = PQnotifies(connection_.get())) {
      arrived.push_back({notify->relname, notify->extra});
      PQfreemem(notify);
    }
    if (!arrived.empty()) return arrived;
    if (dismissed_ || PQstatus(connection_.get()) != CONNECTION_OK) {
      throw UnavailableError("database '" + name_ + "': the connection is lost; try again");
    }
    std::array<pollfd, 2> watched{{{PQsocket(connection_.get()), POLLIN, 0}, {wake, POLLIN, 0}}};
    ::poll(watched.data(), watched.size(), remaining_milliseconds(deadline));
    if (watched[1].revents != 0) return arrived;
    if (watched[0].revents == 0 && PostgresClock::now() >= deadline) return arrived;
  }
}

}  // namespace grange
