#include "database/database_size.h"

namespace grange {
namespace {

std::int64_t number(Database& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  return statement.step() ? statement.integer(0) : 0;
}

}  // namespace

std::int64_t database_size(Database& database) {
  if (database.kind() == DatabaseKind::postgresql) {
    return number(database, "SELECT pg_database_size(current_database())");
  }
  return number(database, "PRAGMA page_count") * number(database, "PRAGMA page_size");
}

}  // namespace grange
