#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "database/database.h"
#include "database/postgres_connection.h"

namespace grange {

/// Database::bulk_insert by COPY … FROM STDIN.
std::unique_ptr<BulkInsert> begin_postgres_copy(PostgresConnection& connection,
                                                std::string_view table,
                                                std::span<const std::string_view> columns);

}  // namespace grange
