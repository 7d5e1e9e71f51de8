#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "database/sqlite.h"
#include "record/attempts.h"
#include "record/record.h"

namespace grange {

/// What attempts say of reproducibility, and of single recipes: reads the tables of attempts.
class CheckTables {
 public:
  CheckTables(SqliteDatabase& database, AttemptTables& attempts);

  /// Newest first.
  std::vector<AttemptRecord> of(const OutputSetId& output_set, std::size_t limit);
  std::vector<RecipeHistory> histories(std::span<const RecipeQuery> queries,
                                       const std::vector<std::string>& policies);

 private:
  std::map<std::string, OutputComparison> comparisons(std::int64_t attempt);

  AttemptTables& attempts_;
  SqliteStatement find_checks_;
  SqliteStatement find_comparisons_;
  SqliteStatement find_tries_;
  SqliteStatement find_another_;
};

}  // namespace grange
