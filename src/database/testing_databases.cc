#include "database/testing_databases.h"

namespace grange {

DatabaseLocation TestingDatabases::fresh() {
  return {kind_, directory_.path() / (std::to_string(++count_) + ".sqlite"), {}};
}

std::vector<DatabaseKind> all_database_kinds() {
  return {DatabaseKind::sqlite};
}

std::string name_of_kind(DatabaseKind kind) {
  return kind == DatabaseKind::sqlite ? "sqlite" : "postgresql";
}

}  // namespace grange
