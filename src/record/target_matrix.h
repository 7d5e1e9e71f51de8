#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "database/database.h"
#include "derivation/build_result.h"
#include "record/evaluation_history.h"

namespace grange {

/// What became of a target in one evaluation.
struct MatrixCell {
  std::int64_t build = 0;
  std::optional<Outcome> outcome;  ///< nothing: not finished
};

struct MatrixRow {
  std::string label;
  std::vector<std::optional<MatrixCell>> cells;  ///< by evaluation; nothing: it has no such target
};

/// The targets that any of these complete evaluations of one jobset has, by label, with what became
/// of them in each. Of the query `after`, `limit` and `contains` count.
std::vector<MatrixRow> target_matrix(Database& database, std::span<const EvaluationRow> evaluations,
                                     const TargetQuery& query);

}  // namespace grange
