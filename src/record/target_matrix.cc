#include "record/target_matrix.h"

#include <algorithm>
#include <limits>
#include <map>

#include "record/rows.h"

namespace grange {
namespace {

using Rows = std::map<std::string, std::vector<std::optional<MatrixCell>>>;

/// The evaluations of one epoch, whose rows say what they have.
struct Epoch {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();  ///< positions
  std::int64_t last = 0;
  std::vector<std::pair<std::int64_t, std::size_t>> evaluations;  ///< position, index
};

/// By label, until `limit` labels have been passed: those are complete.
void read_epoch(Database& database, std::int64_t jobset, std::int64_t number, const Epoch& epoch,
                std::size_t columns, const TargetQuery& query, Rows& rows) {
  auto statement = database.prepare(
      "SELECT t.label, t.first, coalesce(t.last, 9000000000000000000), t.build, b.outcome "
      "FROM targets t JOIN builds b ON b.id = t.build WHERE t.jobset = ?1 AND t.epoch = ?2 "
      "AND t.label > ?3 AND t.first <= ?5 AND (t.last IS NULL OR t.last >= ?4) "
      "AND (?7 = '' OR replace(t.label, ?7, '') <> t.label) ORDER BY t.label, t.first LIMIT ?6");
  // A label has no more rows than there are evaluations of it.
  bind_all(statement, jobset, number, query.after, epoch.first, epoch.last,
           query.limit * epoch.evaluations.size(), query.contains);
  std::string present;
  std::size_t labels = 0;
  while (statement.step()) {
    RowReader row(statement);
    auto label = row.text();
    if (label != present) {
      if (labels == query.limit) break;
      ++labels;
      present = label;
    }
    const auto first = row.integer();
    const auto last = row.integer();
    MatrixCell cell;
    cell.build = row.integer();
    if (const auto outcome = row.optional_text()) cell.outcome = parse_outcome(*outcome);
    auto& cells = rows.try_emplace(std::move(label), columns).first->second;
    for (const auto& [position, index] : epoch.evaluations) {
      if (position >= first && position <= last) cells[index] = cell;
    }
  }
}

}  // namespace

std::vector<MatrixRow> target_matrix(Database& database, std::span<const EvaluationRow> evaluations,
                                     const TargetQuery& query) {
  std::map<std::int64_t, Epoch> epochs;
  for (std::size_t i = 0; i < evaluations.size(); ++i) {
    const auto& evaluation = evaluations[i];
    auto& epoch = epochs[evaluation.epoch];
    epoch.first = std::min(epoch.first, evaluation.position);
    epoch.last = std::max(epoch.last, evaluation.position);
    epoch.evaluations.emplace_back(evaluation.position, i);
  }
  // The first labels of all epochs together are among the first of each.
  Rows rows;
  for (const auto& [number, epoch] : epochs) {
    read_epoch(database, evaluations.front().jobset, number, epoch, evaluations.size(), query,
               rows);
  }
  std::vector<MatrixRow> matrix;
  for (auto& [label, cells] : rows) {
    if (matrix.size() == query.limit) break;
    matrix.push_back({label, std::move(cells)});
  }
  return matrix;
}

}  // namespace grange
