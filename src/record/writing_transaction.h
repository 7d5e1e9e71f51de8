#pragma once

#include "database/database.h"

namespace grange {

/// A transaction of the record: writers take turns, so that what one has read is still so when it
/// writes (SQLite's do in any case).
class WritingTransaction {
 public:
  explicit WritingTransaction(Database& database) : transaction_(database) {
    database.lock("record");
  }
  void commit() { transaction_.commit(); }

 private:
  Transaction transaction_;
};

}  // namespace grange
