#pragma once

#include <functional>
#include <memory>
#include <string>

#include "database/database.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace grange {

/// Where a farm's database is, for commands that use it directly.
struct FarmPlaceOptions {
  std::string database;
  std::string state;
};

/// --database and --state, as of `grange serve`.
void add_farm_place_options(CLI::App& command, FarmPlaceOptions& options);

DatabaseLocation farm_database_location(const FarmPlaceOptions& options);

enum class FarmOpening {
  reading,  ///< as it is; NotFoundError where there is none
  writing,  ///< brought to the present schema; NotFoundError where there is none
  making,   ///< and made where it is missing
};
std::unique_ptr<Database> open_farm_database(const FarmPlaceOptions& options, FarmOpening opening);

/// Calls `change` in one transaction in which no other one changes the record.
void change_farm(Database& database, const std::function<void(Database&)>& change);

}  // namespace grange
