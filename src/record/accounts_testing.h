#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "database/database.h"
#include "record/schema.h"

namespace grange {

/// Of tests: a fresh SQLite database with the farm's tables, gone when this is.
class FarmTablesForTests {
 public:
  FarmTablesForTests() {
    DatabaseLocation location;
    location.file = file();
    database_ = open_database(location, {.durable = false});
    migrate_record(*database_);
  }

  Database& database() { return *database_; }
  std::filesystem::path file() const { return directory_.path() / "farm.sqlite"; }

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<Database> database_;
};

}  // namespace grange
