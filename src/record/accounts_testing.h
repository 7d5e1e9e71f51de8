#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "database/database.h"
#include "record/farm_schema.h"

namespace grange {

/// Of tests: a fresh SQLite database with the farm's tables, gone when this is.
class FarmTablesForTests {
 public:
  FarmTablesForTests() {
    DatabaseLocation location;
    location.file = file();
    database_ = open_database(location, {.durable = false});
    // What stands in a record before the farm's step, and its step refers to.
    database_->execute(
        "CREATE TABLE evaluations (id INTEGER PRIMARY KEY) STRICT;"
        "CREATE TABLE lines (id INTEGER PRIMARY KEY) STRICT;"
        "CREATE TABLE output_sets (id INTEGER PRIMARY KEY) STRICT;");
    database_->execute(kFarmSchema);
  }

  Database& database() { return *database_; }
  std::filesystem::path file() const { return directory_.path() / "farm.sqlite"; }

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<Database> database_;
};

}  // namespace grange
