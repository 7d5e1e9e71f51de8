#pragma once

#include <memory>

#include "database/database.h"

namespace grange {

/// A PostgreSQL database as a Database. Writers do not exclude each other (READ COMMITTED; see
/// Database::lock); results are read whole, so that callers page where there is much. Throws as
/// `Database` says.
std::unique_ptr<Database> open_postgres(const DatabaseLocation& location,
                                        const DatabaseOptions& options);

}  // namespace grange
