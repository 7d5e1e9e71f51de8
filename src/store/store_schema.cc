#include "store/store_schema.h"

#include <chrono>
#include <thread>

#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace grange {
namespace {

// Names, types, keys and their order are Nix's: other programs read these tables.
constexpr std::string_view kTables = R"sql(
create table if not exists ValidPaths (
    id               integer primary key autoincrement not null,
    path             text unique not null,
    hash             text not null,
    registrationTime integer not null,
    deriver          text,
    narSize          integer,
    ultimate         integer,
    sigs             text,
    ca               text
);
create table if not exists Refs (
    referrer  integer not null,
    reference integer not null,
    primary key (referrer, reference),
    foreign key (referrer) references ValidPaths(id) on delete cascade,
    foreign key (reference) references ValidPaths(id) on delete restrict
);
create index if not exists IndexReferrer on Refs(referrer);
create index if not exists IndexReference on Refs(reference);
create trigger if not exists DeleteSelfRefs before delete on ValidPaths
  begin
    delete from Refs where referrer = old.id and reference = old.id;
  end;
create table if not exists DerivationOutputs (
    drv  integer not null,
    id   text not null,
    path text not null,
    primary key (drv, id),
    foreign key (drv) references ValidPaths(id) on delete cascade
);
create index if not exists IndexDerivationOutputs on DerivationOutputs(path);
)sql";

std::filesystem::path database_file(const StoreLocation& location) {
  return location.state / "db/db.sqlite";
}

/// Nix writes the schema file in place: for a moment it is empty.
std::string read_schema_file(const std::filesystem::path& file) {
  for (int round = 0;; ++round) {
    std::string text(trim(read_file(file, 100)));
    if (!text.empty() || round == 100) return text;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

void create_store_tables(SqliteDatabase& database) {
  SqliteTransaction transaction(database);
  database.execute(kTables);
  transaction.commit();
}

void check_store_schema(const StoreLocation& location) {
  const auto file = location.state / "db/schema";
  const std::string text = read_schema_file(file);
  const auto schema = parse_number(text);
  if (!schema) {
    throw CorruptError("store schema file '" + file.string() + "': specified a number, got '" +
                       printable(text) + "'");
  }
  if (*schema == kStoreSchema) return;
  const std::string numbers = "the store at '" + location.real_store.string() + "' has schema " +
                              text + "; this program knows schema " + std::to_string(kStoreSchema);
  if (*schema > kStoreSchema) {
    throw ConflictError(numbers + ": it was written by a newer Nix, use a newer Grange");
  }
  throw ConflictError(numbers + ": open it once with Nix 2, which brings it up to date");
}

SqliteDatabase open_store_database(const StoreLocation& location, const LocalStoreOptions& options,
                                   bool create) {
  SqliteOptions settings;
  settings.create = create;
  settings.synchronous = options.sync ? "FULL" : options.fast_metadata ? "OFF" : "NORMAL";
  SqliteDatabase database(database_file(location), settings);
  // As Nix: checkpoints are rare, so that most registrations only append to the log.
  database.execute("PRAGMA wal_autocheckpoint = 40000");
  return database;
}

SqliteDatabase open_store_database_for_reading(const StoreLocation& location) {
  SqliteOptions settings;
  settings.read_only = true;
  const auto file = database_file(location);
  // Where we may not write, SQLite can only read beside a writer that has made its log already.
  settings.immutable = ::access(file.parent_path().c_str(), W_OK) != 0 &&
                       ::access((file.string() + "-wal").c_str(), F_OK) != 0;
  return {file, settings};
}

}  // namespace grange
