#include "database/database.h"

#include "base/error.h"
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
      break;
  }
  throw InvalidError("database '" + location.shown() + "': PostgreSQL is not there yet");
}

}  // namespace grange
