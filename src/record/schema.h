#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "database/sqlite.h"

namespace grange {

/// Brings the tables of a record to the present version, each step in a transaction of its own.
/// Throws ConflictError for a newer version, and for a database that is no record.
void migrate_record(SqliteDatabase& database, const std::filesystem::path& file);

/// The same with other steps: `steps[i]` leads from version i to i + 1.
void migrate_record(SqliteDatabase& database, const std::filesystem::path& file,
                    std::span<const std::string_view> steps);

}  // namespace grange
