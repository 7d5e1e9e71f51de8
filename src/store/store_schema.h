#pragma once

#include <string_view>

#include "database/sqlite.h"
#include "store/local_store.h"

namespace grange {

/// The number of Nix's schema that we read and write (nix-store.md §6.3).
inline constexpr unsigned kStoreSchema = 10;

/// Creates Nix's tables where they are missing, in one transaction.
void create_store_tables(SqliteDatabase& database);

/// Throws ConflictError unless STATE/db/schema says kStoreSchema, NotFoundError when there is none.
void check_store_schema(const StoreLocation& location);

/// A connection for writing, with the settings that Nix uses.
SqliteDatabase open_store_database(const StoreLocation& location, const LocalStoreOptions& options,
                                   bool create);
/// A connection for reading.
SqliteDatabase open_store_database_for_reading(const StoreLocation& location);

}  // namespace grange
