#include "database/database.h"

#include "base/error.h"
#include "database/postgres_backend.h"
#include "database/sqlite_backend.h"

namespace grange {

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.roll_back();
  } catch (const Error&) {  // the connection is lost: nothing of it lasts
  }
}

void Transaction::commit() {
  database_.commit();
  open_ = false;
}

Snapshot::~Snapshot() {
  try {
    database_.commit();
  } catch (const Error&) {  // nothing was written; the database has left it by itself
  }
}

std::unique_ptr<Database> open_database(const DatabaseLocation& location,
                                        const DatabaseOptions& options) {
  switch (location.kind) {
    case DatabaseKind::sqlite:
      return open_sqlite(location, options);
    case DatabaseKind::postgresql:
      return open_postgres(location, options);
  }
  throw InvalidError("a database of no known kind");
}

}  // namespace grange
