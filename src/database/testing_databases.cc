#include "database/testing_databases.h"

#include <atomic>

#include <unistd.h>

#include "database/testing_postgres.h"

namespace grange {
namespace {

/// Of this program: each test's database has a name of its own.
std::string next_database_name() {
  static std::atomic<int> count = 0;
  return "test_" + std::to_string(++count);
}

}  // namespace

TestingDatabases::~TestingDatabases() {
  for (const auto& name : names_) TestingPostgres::shared().drop_database(name);
}

std::string TestingDatabases::missing(DatabaseKind kind) {
  return kind == DatabaseKind::sqlite ? "" : TestingPostgres::missing();
}

DatabaseLocation TestingDatabases::fresh() {
  if (kind_ == DatabaseKind::sqlite) {
    return {kind_, directory_.path() / (std::to_string(++files_) + ".sqlite"), {}};
  }
  auto& server = TestingPostgres::shared();
  names_.push_back(next_database_name());
  server.create_database(names_.back());
  return DatabaseLocation::parse(server.url(names_.back()));
}

void DatabaseKindTest::SetUp() {
  const auto missing = TestingDatabases::missing(GetParam());
  if (!missing.empty()) GTEST_SKIP() << missing;
}

const DatabaseLocation& DatabaseKindTest::location() {
  if (!location_) location_ = databases_.fresh();
  return *location_;
}

std::string name_of_kind(const testing::TestParamInfo<DatabaseKind>& info) {
  return info.param == DatabaseKind::sqlite ? "sqlite" : "postgresql";
}

}  // namespace grange
