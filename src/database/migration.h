#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "database/database.h"

namespace grange {

/// Whose tables a database holds.
struct SchemaIdentity {
  std::string_view noun;              ///< "record": for messages, and PostgreSQL's table knows it
  std::int64_t application_id = 0;    ///< in the header of a SQLite file (PRAGMA application_id)
  std::string_view fault_point_name;  ///< stands between each step and its commit
};

/// Brings the tables to the present version: `steps[i]`, in SQLite's spelling of what both kinds
/// can do (portable_schema.h), leads from version i to i + 1, each in a transaction of its own.
/// Several processes may do so at once. Steps are only ever appended.
///
/// A SQLite file keeps version and identity in its header, a PostgreSQL database in the table
/// grange_schema. Throws ConflictError for a newer version, naming both, and for a database that is
/// something else.
void migrate(Database& database, const SchemaIdentity& identity,
             std::span<const std::string_view> steps);

/// For who only reads: throws ConflictError as `migrate` does, and InvalidError where the tables
/// are not there or older than `present`, the number of steps.
void require_schema(Database& database, const SchemaIdentity& identity, std::int64_t present);

}  // namespace grange
