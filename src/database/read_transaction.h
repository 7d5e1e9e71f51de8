#pragma once

#include "base/error.h"
#include "database/sqlite.h"

namespace grange {

/// Several reads that see the tables as they are at one moment; the lock is taken once for all.
class ReadTransaction {
 public:
  explicit ReadTransaction(SqliteDatabase& database) : database_(database) {
    database_.execute("BEGIN");
  }
  ~ReadTransaction() {
    try {
      database_.execute("COMMIT");
    } catch (const Error&) {  // nothing was written; SQLite has left the transaction by itself
    }
  }
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  SqliteDatabase& database_;
};

}  // namespace grange
