#pragma once

#include <exception>

#include "database/sqlite.h"

namespace grange {

/// One snapshot for several statements; ending it early is as good as ending it late.
class ReadTransaction {
 public:
  explicit ReadTransaction(SqliteDatabase& database) : database_(database) {
    database_.execute("BEGIN");
  }
  ~ReadTransaction() {
    try {
      database_.execute("COMMIT");
    } catch (const std::exception&) {  // nothing was written; the reader is thrown away
    }
  }
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  SqliteDatabase& database_;
};

}  // namespace grange
