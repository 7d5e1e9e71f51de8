#pragma once

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/file.h"
#include "database/database.h"

namespace grange {

/// Of tests: fresh, empty databases of one kind, gone when this is.
class TestingDatabases {
 public:
  explicit TestingDatabases(DatabaseKind kind) : kind_(kind) {}
  ~TestingDatabases();
  TestingDatabases(const TestingDatabases&) = delete;
  TestingDatabases& operator=(const TestingDatabases&) = delete;

  /// Why this machine can have none of the kind; empty when it can.
  static std::string missing(DatabaseKind kind);
  /// Another one each time.
  DatabaseLocation fresh();

 private:
  DatabaseKind kind_;
  TemporaryDirectory directory_;
  int files_ = 0;
  std::vector<std::string> names_;  // on the server
};

/// What a test of databases begins with; skips where this machine has not the kind. The suite is
/// instantiated by GRANGE_FOR_BOTH_DATABASES(Suite). The databases are there from SetUp on, not in
/// constructors.
class DatabaseKindTest : public testing::TestWithParam<DatabaseKind> {
 protected:
  void SetUp() override;
  bool is_sqlite() const { return GetParam() == DatabaseKind::sqlite; }
  DatabaseLocation fresh() { return databases_.fresh(); }
  /// The database of this test.
  const DatabaseLocation& location();

 private:
  TestingDatabases databases_{GetParam()};
  std::optional<DatabaseLocation> location_;
};

/// "sqlite", "postgresql".
std::string name_of_kind(const testing::TestParamInfo<DatabaseKind>& info);

#define GRANGE_FOR_BOTH_DATABASES(suite) \
  INSTANTIATE_TEST_SUITE_P(              \
      Both, suite, testing::Values(DatabaseKind::sqlite, DatabaseKind::postgresql), name_of_kind)

}  // namespace grange
