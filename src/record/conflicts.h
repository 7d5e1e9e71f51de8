#pragma once

#include <cstddef>
#include <vector>

#include "database/database.h"
#include "record/record.h"

namespace grange {

/// The table of realisations that lost against earlier ones.
class ConflictTable {
 public:
  explicit ConflictTable(Database& database);

  /// One durable transaction.
  void add(const std::vector<RealisationConflict>& conflicts, TimePoint found);
  /// Newest first.
  std::vector<ConflictRecord> last(std::size_t limit);

 private:
  Database& database_;
};

}  // namespace grange
