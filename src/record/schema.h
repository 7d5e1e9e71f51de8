#pragma once

#include "database/database.h"

namespace grange {

/// Brings the tables of a record to the present version, each step in a transaction of its own.
/// Throws ConflictError for a newer version, and for a database that is no record.
void migrate_record(Database& database);

/// For who only reads: throws as that does, and InvalidError for an older version.
void require_record(Database& database);

}  // namespace grange
