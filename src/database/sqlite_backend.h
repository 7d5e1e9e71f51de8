#pragma once

#include <memory>

#include "database/database.h"

namespace grange {

/// A SQLite file as a Database: WAL, foreign keys on; writers exclude each other, readers wait for
/// nobody. Throws as `Database` says.
std::unique_ptr<Database> open_sqlite(const DatabaseLocation& location,
                                      const DatabaseOptions& options);

}  // namespace grange
