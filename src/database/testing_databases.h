#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "database/database.h"

namespace grange {

/// Of tests: fresh, empty databases of one kind, gone when this is.
class TestingDatabases {
 public:
  explicit TestingDatabases(DatabaseKind kind) : kind_(kind) {}
  /// Another one each time.
  DatabaseLocation fresh();

 private:
  DatabaseKind kind_;
  TemporaryDirectory directory_;
  int count_ = 0;
};

/// For INSTANTIATE_TEST_SUITE_P.
std::vector<DatabaseKind> all_database_kinds();
/// "sqlite", "postgresql".
std::string name_of_kind(DatabaseKind kind);

}  // namespace grange
