#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

#include "base/encoding.h"
#include "database/database.h"
#include "database/database_listener.h"
#include "database/postgres_values.h"

namespace grange {

using PostgresResult = std::unique_ptr<PGresult, decltype(&PQclear)>;

/// One session with a PostgreSQL server, and libpq's errors as ours. Where it is lost outside of a
/// transaction, the next call begins another one. Not thread safe: one owner.
class PostgresConnection {
 public:
  /// Throws as `Database` says; waits at most the URL's connect_timeout, else ten seconds.
  PostgresConnection(const DatabaseLocation& location, const DatabaseOptions& options);
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  const std::string& name() const { return name_; }
  /// A number of the session: what was prepared in another one is gone.
  std::uint64_t session() const { return session_; }

  /// There is a session: the present one, or another one where nothing hangs on it. Before what
  /// was prepared is used.
  void need_session();

  /// One or more statements without parameters.
  PostgresResult execute(const std::string& sql);
  void prepare(const std::string& statement, const std::string& sql, std::span<const Oid> types);
  PostgresResult run_prepared(const std::string& statement,
                              std::span<const PostgresParameter> parameters);
  /// Forgets all that was prepared.
  void forget_prepared();

  // COPY: `sql` begins it; `end_copy` gives up what was sent where a reason is given.

  void begin_copy(const std::string& sql);
  void put_copy(std::string_view data);
  void end_copy(const char* give_up_because);

  void begin(const std::string& sql);
  void commit();
  /// Fine when there is no transaction, or no session.
  void roll_back();
  bool in_transaction() const;

  /// What arrived by NOTIFY; waits for something to arrive until the time has passed or the
  /// descriptor can be read.
  std::vector<DatabaseNotification> notifications(std::chrono::milliseconds patience, int wake);

 private:
  struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  void connect();
  void set_up_session();
  bool is_lost();
  /// Throws what a result that is no success says.
  PostgresResult checked(PGresult* result);
  [[noreturn]] void fail(const PGresult* result);
  [[noreturn]] void fail_connecting();

  std::string url_;
  DatabaseOptions options_;
  std::string name_;
  std::unique_ptr<PGconn, Close> connection_;
  std::uint64_t session_ = 0;
  bool dismissed_ = false;    // the server has said farewell
  bool transaction_ = false;  // begun, and not ended by us: also when its session is lost
};

}  // namespace grange
