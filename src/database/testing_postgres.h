#pragma once

#include <string>

#include <sys/types.h>

#include "base/file.h"

namespace grange {

/// Of tests: a PostgreSQL server of their own in a directory of its own, reached by a socket there
/// and stopped with this. See tests/postgres_server.py.
class TestingPostgres {
 public:
  /// Where this machine has none: why; empty otherwise.
  static std::string missing();
  /// The one of this program, started when it is first asked for.
  static TestingPostgres& shared();

  ~TestingPostgres();
  TestingPostgres(const TestingPostgres&) = delete;
  TestingPostgres& operator=(const TestingPostgres&) = delete;

  /// The URL of one of its databases, which need not be there.
  std::string url(const std::string& database) const;
  void create_database(const std::string& database);
  /// Also while there are connections to it.
  void drop_database(const std::string& database);

 private:
  TestingPostgres();
  void start();
  bool has_ended(bool wait);
  void execute(const std::string& sql);

  TemporaryDirectory directory_;
  pid_t process_ = -1;
};

}  // namespace grange
