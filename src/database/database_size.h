#pragma once

#include <cstdint>

#include "database/database.h"

namespace grange {

/// How many bytes of disk a database takes: of SQLite the file without what is not yet in it; of
/// PostgreSQL tables, indices and all that belongs to them.
std::int64_t database_size(Database& database);

}  // namespace grange
