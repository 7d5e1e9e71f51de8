#pragma once

#include <cstdint>
#include <vector>

#include "database/sqlite.h"

namespace grange {

/// Removes the rows of many valid paths at once, with all that depends on them: references,
/// outputs of derivations, realisations. A statement per table and batch, which needs foreign keys
/// off; what they would do is done here. Owns its connection.
class RowRemoval {
 public:
  explicit RowRemoval(SqliteDatabase database);

  SqliteDatabase& database() { return database_; }

  /// In one transaction. Refuses whatever is not among `rows` and refers to one of them: such rows
  /// stay, and so does what they refer to among `rows`. Returns the rows that stay, sorted.
  std::vector<std::int64_t> remove(const std::vector<std::int64_t>& rows);

 private:
  void choose(const std::vector<std::int64_t>& rows);
  std::vector<std::int64_t> refuse_referenced();

  SqliteDatabase database_;
};

}  // namespace grange
