#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "database/database.h"
#include "record/attempts.h"
#include "record/record.h"

namespace grange {

/// What attempts say of reproducibility, and of single recipes: reads the tables of attempts.
class CheckTables {
 public:
  CheckTables(Database& database, AttemptTables& attempts);

  /// Newest first.
  std::vector<AttemptRecord> of(const OutputSetId& output_set, std::size_t limit);
  std::vector<RecipeHistory> histories(std::span<const RecipeQuery> queries,
                                       const std::vector<std::string>& policies);

 private:
  std::map<std::string, OutputComparison> comparisons(std::int64_t attempt);

  AttemptTables& attempts_;
  Statement find_checks_;
  Statement find_comparisons_;
  Statement find_tries_;
  Statement find_another_;
};

}  // namespace grange
