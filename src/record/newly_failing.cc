#include "record/newly_failing.h"

#include <array>

#include <fmt/format.h>

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
  // One question: of each kind of failure the newest, by the index that has them.
  std::string failures;
  std::string newest;
  for (std::size_t rank = 0; rank < kFailures.size(); ++rank) {
    const auto outcome = "'" + std::string(to_string(kFailures.at(rank))) + "'";
    failures += (failures.empty() ? "" : ", ") + outcome;
    newest += fmt::format(
        "{}SELECT * FROM (SELECT id, stopped, outcome, {} AS rank FROM builds WHERE jobset = ?1 "
        "AND outcome = {} AND outcome <> 'good' ORDER BY id DESC LIMIT ?4) f{}",
        newest.empty() ? "" : " UNION ALL ", rank, outcome, rank);
  }
  // What is newly failing has changed: its row begins with the evaluation.
  auto statement = database.prepare(fmt::format(
      "SELECT t.label, b.id, b.outcome, b.stopped, o.build FROM ({}) b "
      "JOIN targets t ON t.build = b.id AND t.jobset = ?1 AND t.epoch = ?2 AND t.first = ?3 "
      "LEFT JOIN targets o ON o.jobset = ?1 AND o.epoch = ?5 AND o.label = t.label "
      "AND o.first <= ?6 AND (o.last IS NULL OR o.last >= ?6) "
      "LEFT JOIN builds ob ON ob.id = o.build "
      "WHERE coalesce(ob.outcome, 'good') NOT IN ({}) ORDER BY b.rank, b.id DESC LIMIT ?4",
      newest, failures));
  bind_all(statement, evaluation.jobset, evaluation.epoch, evaluation.position, limit, base_epoch,
           base_position);
  while (statement.step()) {
    RowReader row(statement);
    NewlyFailing target;
    target.label = row.text();
    target.build = row.integer();
    target.outcome = parse_outcome(row.text()).value_or(Outcome::failed);
    target.stopped = row.optional_time().value_or(evaluation.started);
    target.base_build = row.optional_integer().value_or(0);
    found.push_back(std::move(target));
  }
  return found;
}

}  // namespace grange
