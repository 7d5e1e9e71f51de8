#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "database/sqlite.h"
#include "derivation/realisation.h"
#include "derivation/store_path.h"
#include "store/local_store.h"

namespace grange {

/// What Nix 2.8 writes into db/ca-schema.
inline constexpr int kRealisationSchema = 3;

/// Does the store keep realisations (nix: was it ever opened with ca-derivations)? Throws
/// ConflictError for a newer schema of them.
bool has_realisation_tables(const StoreLocation& location);
/// Makes Nix's tables of realisations where they are missing.
void create_realisation_tables(SqliteDatabase& database);
/// Says that the tables are there. Once they are committed.
void mark_realisation_tables(const StoreLocation& location);

/// Nix's tables of realisations (nix-store.md §6.3), over one connection on which they are there.
/// One owner at a time.
class RealisationTables {
 public:
  RealisationTables(SqliteDatabase& database, StoreDir store);

  std::optional<Realisation> find(const DrvOutput& id);
  /// The ids that are realised by a path, at most `limit`, in the order of registration.
  std::vector<DrvOutput> of_path(const StorePath& path, std::size_t limit);
  /// Inside a transaction. The first realisation of an id stays: signatures are added to an equal
  /// one, another one is answered with the path that is kept. A dependency that is not registered
  /// with just this path is left out. Throws InvalidError when the output path is not valid.
  std::optional<StorePath> put(const Realisation& realisation);

 private:
  struct Row {
    std::int64_t id;
    StorePath out_path;
    std::string signatures;
  };
  std::optional<Row> find_row(const DrvOutput& id);
  void insert(const Realisation& realisation);

  StoreDir store_;
  SqliteDatabase& database_;
  SqliteStatement find_;
  SqliteStatement of_path_;
  SqliteStatement dependencies_;
  SqliteStatement path_;
  SqliteStatement insert_;
  SqliteStatement sign_;
  SqliteStatement depend_;
};

}  // namespace grange
