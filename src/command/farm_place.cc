#include "command/farm_place.h"

#include <filesystem>

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "base/file.h"
#include "command/state_directory.h"
#include "record/schema.h"

namespace grange {

void add_farm_place_options(CLI::App& command, FarmPlaceOptions& options) {
  command
      .add_option("--database", options.database,
                  "postgresql://… or a file (default: record.sqlite in the state directory)")
      ->type_name("URL");
  command.add_option("--state", options.state, "State directory")->type_name("DIR");
}

DatabaseLocation farm_database_location(const FarmPlaceOptions& options) {
  if (!options.database.empty()) return DatabaseLocation::parse(options.database);
  const auto state =
      options.state.empty() ? default_state_directory() : std::filesystem::absolute(options.state);
  DatabaseLocation location;
  location.file = default_record_file(state);
  return location;
}

std::unique_ptr<Database> open_farm_database(const FarmPlaceOptions& options, FarmOpening opening) {
  const auto location = farm_database_location(options);
  const bool is_file = location.kind == DatabaseKind::sqlite;
  if (is_file && opening != FarmOpening::making && !std::filesystem::exists(location.file)) {
    throw NotFoundError("there is no database '" + location.shown() + "'");
  }
  if (is_file && opening == FarmOpening::making && location.file.has_parent_path()) {
    grange::create_directories(location.file.parent_path());
  }
  DatabaseOptions how;
  how.read_only = opening == FarmOpening::reading;
  auto database = open_database(location, how);
  if (how.read_only) {
    require_record(*database);
  } else {
    migrate_record(*database);
  }
  return database;
}

void change_farm(Database& database, const std::function<void(Database&)>& change) {
  Transaction transaction(database);
  database.lock("record");  // as the server does
  change(database);
  transaction.commit();
}

}  // namespace grange
