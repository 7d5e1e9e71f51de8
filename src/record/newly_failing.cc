#include "record/newly_failing.h"

#include <array>

#include "record/rows.h"

namespace grange {
namespace {

/// What says something about a target, in this order.
constexpr std::array kFailures{Outcome::failed,
                               Outcome::failed_with_output,
                               Outcome::timed_out,
                               Outcome::hash_mismatch,
                               Outcome::output_rejected,
                               Outcome::log_limit_exceeded,
                               Outcome::not_deterministic,
                               Outcome::dependency_failed};

}  // namespace

std::vector<NewlyFailing> newly_failing(Database& database, const EvaluationRow& evaluation,
                                        std::size_t limit) {
  std::vector<NewlyFailing> found;
  if (evaluation.position == 0 || evaluation.failed == 0) return found;
  std::int64_t base_epoch = 0;
  std::int64_t base_position = 0;
  if (evaluation.base != 0) {
    auto base = database.prepare("SELECT epoch, position FROM evaluations WHERE id = ?1");
    bind_all(base, evaluation.base);
    if (base.step()) {
      RowReader row(base);
      base_epoch = row.integer();
      base_position = row.integer();
    }
  }
  std::string failures;
  for (const auto outcome : kFailures) {
    failures += (failures.empty() ? "'" : ", '") + std::string(to_string(outcome)) + "'";
  }
  // What is newly failing has changed: its row begins with the evaluation.
  auto statement = database.prepare(
      "SELECT t.label, b.id, b.stopped, o.build FROM "
      "(SELECT id, stopped FROM builds WHERE jobset = ?1 AND outcome = ?4 AND outcome <> 'good' "
      "ORDER BY id DESC LIMIT ?5) b "
      "JOIN targets t ON t.build = b.id AND t.jobset = ?1 AND t.epoch = ?2 AND t.first = ?3 "
      "LEFT JOIN targets o ON o.jobset = ?1 AND o.epoch = ?6 AND o.label = t.label "
      "AND o.first <= ?7 AND (o.last IS NULL OR o.last >= ?7) "
      "LEFT JOIN builds ob ON ob.id = o.build "
      "WHERE coalesce(ob.outcome, 'good') NOT IN (" +
      failures + ") ORDER BY b.id DESC");
  for (const auto outcome : kFailures) {
    if (found.size() >= limit) break;
    bind_all(statement, evaluation.jobset, evaluation.epoch, evaluation.position,
             to_string(outcome), limit, base_epoch, base_position);
    while (found.size() < limit && statement.step()) {
      RowReader row(statement);
      NewlyFailing target;
      target.label = row.text();
      target.build = row.integer();
      target.outcome = outcome;
      target.stopped = row.optional_time().value_or(evaluation.started);
      target.base_build = row.optional_integer().value_or(0);
      found.push_back(std::move(target));
    }
    statement.reset();
  }
  return found;
}

}  // namespace grange
