#include <algorithm>
#include <array>
#include <functional>

#include "base/error.h"
#include "record/evaluation_history.h"
#include "record/evaluation_rows.h"
#include "record/rows.h"
#include "record/unchanged_targets.h"

namespace grange {

std::optional<EvaluationRow> EvaluationHistory::find(std::int64_t id) {
  auto statement = database_.prepare(std::string(kEvaluationColumns) + "WHERE e.id = ?1");
  statement.bind(1, id);
  if (!statement.step()) return std::nullopt;
  return read_evaluation(statement);
}

std::vector<EvaluationRow> EvaluationHistory::of_jobset(std::int64_t jobset, std::int64_t before,
                                                        std::size_t limit) {
  auto statement = database_.prepare(
      std::string(kEvaluationColumns) +
      "WHERE e.jobset = ?1 AND (?2 = 0 OR e.id < ?2) ORDER BY e.id DESC LIMIT ?3");
  bind_all(statement, jobset, before, limit);
  return read_evaluations(statement);
}

std::vector<EvaluationRow> EvaluationHistory::latest(bool with_hidden, std::int64_t before,
                                                     std::size_t limit) {
  auto statement = database_.prepare(
      std::string(kEvaluationColumns) +
      "JOIN jobsets j ON j.id = e.jobset JOIN projects p ON p.id = j.project "
      "WHERE (?1 = 1 OR (j.hidden = 0 AND p.hidden = 0)) AND (?2 = 0 OR e.id < ?2) "
      "ORDER BY e.id DESC LIMIT ?3");
  bind_all(statement, with_hidden, before, limit);
  return read_evaluations(statement);
}

std::optional<EvaluationRow> EvaluationHistory::last_complete(std::int64_t jobset) {
  auto statement = database_.prepare(std::string(kEvaluationColumns) +
                                     "WHERE e.jobset = ?1 AND e.position IS NOT NULL "
                                     "ORDER BY e.position DESC LIMIT 1");
  statement.bind(1, jobset);
  if (!statement.step()) return std::nullopt;
  return read_evaluation(statement);
}

std::vector<EvaluationRow> EvaluationHistory::from_position(std::int64_t jobset,
                                                            std::int64_t position,
                                                            std::size_t limit) {
  auto statement = database_.prepare(std::string(kEvaluationColumns) +
                                     "WHERE e.jobset = ?1 AND e.position IS NOT NULL "
                                     "AND e.position <= ?2 ORDER BY e.position DESC LIMIT ?3");
  bind_all(statement, jobset, position, limit);
  return read_evaluations(statement);
}

std::vector<EvaluationRow> EvaluationHistory::complete_ones(bool with_hidden, std::int64_t skipped,
                                                            std::size_t limit) {
  auto statement = database_.prepare(
      std::string(kEvaluationColumns) +
      "JOIN jobsets j ON j.id = e.jobset JOIN projects p ON p.id = j.project "
      "WHERE e.position IS NOT NULL AND (?1 = 1 OR (j.hidden = 0 AND p.hidden = 0)) "
      "ORDER BY e.id DESC LIMIT ?2 OFFSET ?3");
  bind_all(statement, with_hidden, limit, skipped);
  return read_evaluations(statement);
}

std::int64_t EvaluationHistory::count_complete(bool with_hidden) {
  return *find_integer(database_,
                       "SELECT count(*) FROM evaluations e JOIN jobsets j ON j.id = e.jobset "
                       "JOIN projects p ON p.id = j.project WHERE e.position IS NOT NULL "
                       "AND (?1 = 1 OR (j.hidden = 0 AND p.hidden = 0))",
                       with_hidden);
}

std::vector<EvaluationInputRow> EvaluationHistory::inputs(std::int64_t evaluation) {
  auto statement = database_.prepare(
      "SELECT name, type, value, uri, revision, store_path, branch FROM evaluation_inputs "
      "WHERE evaluation = ?1 ORDER BY name");
  statement.bind(1, evaluation);
  std::vector<EvaluationInputRow> inputs;
  while (statement.step()) {
    RowReader row(statement);
    EvaluationInputRow input;
    input.name = row.text();
    input.type = row.text();
    input.value = row.text();
    input.uri = row.text();
    input.revision = row.text();
    input.store_path = row.text();
    input.branch = row.text();
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::vector<std::pair<std::string, std::string>> EvaluationHistory::errors(
    std::int64_t evaluation) {
  auto statement = database_.prepare(
      "SELECT label, message FROM evaluation_errors WHERE evaluation = ?1 ORDER BY label");
  statement.bind(1, evaluation);
  std::vector<std::pair<std::string, std::string>> errors;
  while (statement.step()) errors.emplace_back(statement.text(0), statement.text(1));
  return errors;
}

namespace {

std::string like_pattern(std::string_view part) {
  std::string pattern = "%";
  for (const char c : part) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

/// Rows of an evaluation beside those of its base. ?1 jobset, ?2 epoch, ?3 position, ?4 position of
/// the base in that epoch (0: none), ?5 label to begin after, ?6 pattern, ?7 limit, ?8 label.
constexpr std::string_view kTargetsOfRanges =
    "SELECT t.label, t.derivation, t.facts, t.build, b.outcome, coalesce(d.output_set, 0), "
    "d.unverified, d.digest, d.name, s.name, coalesce(o.derivation, 0), "
    "coalesce(od.output_set, 0), coalesce(od.unverified, 0), coalesce(o.build, 0), ob.outcome "
    "FROM targets t JOIN builds b ON b.id = t.build JOIN derivations d ON d.id = t.derivation "
    "JOIN systems s ON s.id = d.system "
    "LEFT JOIN targets o ON o.jobset = t.jobset AND o.epoch = t.epoch AND o.label = t.label "
    "AND o.first <= ?4 AND (o.last IS NULL OR o.last >= ?4) "
    "LEFT JOIN derivations od ON od.id = o.derivation LEFT JOIN builds ob ON ob.id = o.build "
    "WHERE t.jobset = ?1 AND t.epoch = ?2 AND t.first <= ?3 "
    "AND (t.last IS NULL OR t.last >= ?3) ";

constexpr std::string_view kTargetsInFull =
    "SELECT t.label, t.derivation, t.facts, t.build, b.outcome, coalesce(d.output_set, 0), "
    "d.unverified, d.digest, d.name, s.name, coalesce(o.derivation, 0), "
    "coalesce(od.output_set, 0), coalesce(od.unverified, 0), coalesce(o.build, 0), ob.outcome "
    "FROM partial_targets t JOIN builds b ON b.id = t.build "
    "JOIN derivations d ON d.id = t.derivation JOIN systems s ON s.id = d.system "
    "LEFT JOIN targets o ON o.jobset = ?2 AND o.epoch = ?3 AND o.label = t.label "
    "AND o.first <= ?4 AND (o.last IS NULL OR o.last >= ?4) "
    "LEFT JOIN derivations od ON od.id = o.derivation LEFT JOIN builds ob ON ob.id = o.build "
    "WHERE t.evaluation = ?1 ";

TargetView read_target(const Statement& statement, bool has_base) {
  RowReader row(statement);
  TargetView view;
  view.target.label = row.text();
  view.target.derivation = row.integer();
  view.target.facts = row.integer();
  view.target.build = row.integer();
  if (const auto outcome = row.optional_text()) view.outcome = parse_outcome(*outcome);
  const auto output_set = row.integer();
  const bool unverified = row.flag();
  const auto blob = row.blob();
  const std::string digest(blob.begin(), blob.end());
  view.derivation_name = StorePath::make(digest, row.text() + ".drv").base_name();
  view.system = row.text();
  const auto base_derivation = row.integer();
  const auto base_output_set = row.integer();
  const bool base_unverified = row.flag();
  view.base_build = row.integer();
  if (const auto outcome = row.optional_text()) view.base_outcome = parse_outcome(*outcome);
  if (base_derivation != 0) {
    view.verdict = verdict_of(view.target.derivation, output_set, unverified, base_derivation,
                              base_output_set, base_unverified);
  } else if (has_base) {
    view.verdict = Verdict::added;
  }
  return view;
}

}  // namespace

std::vector<TargetView> EvaluationHistory::targets(const EvaluationRow& evaluation,
                                                   const TargetQuery& query) {
  const bool ranges = evaluation.position != 0;
  std::int64_t base_position = 0;
  std::int64_t epoch = evaluation.epoch;
  if (ranges) {
    base_position = evaluation.base != 0 ? evaluation.position - 1 : 0;
  } else if (const auto base = last_complete(evaluation.jobset)) {
    base_position = base->position;
    epoch = base->epoch;
  }
  std::string sql(ranges ? kTargetsOfRanges : kTargetsInFull);
  sql += query.label.empty() ? "AND t.label > ?5 " : "AND t.label = ?5 ";
  if (!query.contains.empty()) sql += "AND t.label LIKE ?6 ESCAPE '\\' ";
  sql += "ORDER BY t.label";
  auto statement = database_.prepare(sql);
  const auto& label = query.label.empty() ? query.after : query.label;
  if (ranges) {
    bind_all(statement, evaluation.jobset, epoch, evaluation.position, base_position, label);
  } else {
    bind_all(statement, evaluation.id, evaluation.jobset, epoch, base_position, label);
  }
  if (!query.contains.empty()) statement.bind(6, like_pattern(query.contains));
  std::vector<TargetView> targets;
  while (targets.size() < query.limit && statement.step()) {
    auto view = read_target(statement, base_position != 0);
    if (query.verdict && view.verdict != query.verdict) continue;
    targets.push_back(std::move(view));
  }
  return targets;
}

std::optional<TargetView> EvaluationHistory::target(const EvaluationRow& evaluation,
                                                    const std::string& label) {
  if (label.empty()) return std::nullopt;
  TargetQuery query;
  query.label = label;
  auto found = targets(evaluation, query);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<TargetView> EvaluationHistory::removed(const EvaluationRow& evaluation,
                                                   const TargetQuery& query) {
  std::vector<TargetView> targets;
  if (evaluation.position == 0 || evaluation.base == 0) return targets;
  auto statement = database_.prepare(
      "SELECT o.label, o.derivation, o.facts, o.build, b.outcome FROM targets o "
      "JOIN builds b ON b.id = o.build "
      "LEFT JOIN targets t ON t.jobset = o.jobset AND t.epoch = o.epoch AND t.label = o.label "
      "AND t.first = ?3 WHERE o.jobset = ?1 AND o.epoch = ?2 AND o.last = ?3 - 1 "
      "AND t.label IS NULL AND o.label > ?4 ORDER BY o.label LIMIT ?5");
  bind_all(statement, evaluation.jobset, evaluation.epoch, evaluation.position, query.after,
           query.limit);
  while (statement.step()) {
    RowReader row(statement);
    TargetView view;
    view.target.label = row.text();
    view.target.derivation = row.integer();
    view.target.facts = row.integer();
    view.base_build = view.target.build = row.integer();
    if (const auto outcome = row.optional_text()) view.base_outcome = parse_outcome(*outcome);
    view.verdict = Verdict::removed;
    targets.push_back(std::move(view));
  }
  return targets;
}

std::vector<std::int64_t> EvaluationHistory::of_build(std::int64_t build, std::size_t limit) {
  auto statement = database_.prepare(
      "SELECT e.id FROM targets t JOIN evaluations e ON e.jobset = t.jobset "
      "AND e.epoch = t.epoch AND e.position >= t.first "
      "AND (t.last IS NULL OR e.position <= t.last) WHERE t.build = ?1 "
      "UNION SELECT evaluation FROM partial_targets WHERE build = ?1 ORDER BY 1 DESC LIMIT ?2");
  bind_all(statement, build, limit);
  std::vector<std::int64_t> ids;
  while (statement.step()) ids.push_back(statement.integer(0));
  return ids;
}

std::map<std::int64_t, std::vector<std::int64_t>> EvaluationHistory::of_builds(
    std::span<const std::int64_t> builds, std::size_t each) {
  struct Range {
    std::int64_t build = 0, jobset = 0, epoch = 0, first = 0, last = 0;
  };
  std::vector<Range> ranges;
  std::map<std::int64_t, std::vector<std::array<std::int64_t, 3>>> by_jobset;
  {
    auto statement = database_.prepare(
        "SELECT build, jobset, epoch, first, coalesce(last, 9000000000000000000) FROM targets "
        "WHERE build " +
        database_.one_of(1, Database::ListOf::integers));
    statement.bind_integers(1, builds);
    while (statement.step()) {
      RowReader row(statement);
      auto& range = ranges.emplace_back();
      range.build = row.integer();
      range.jobset = row.integer();
      range.epoch = row.integer();
      range.first = row.integer();
      range.last = row.integer();
      by_jobset[range.jobset];
    }
  }
  auto statement = database_.prepare(
      "SELECT position, epoch, id FROM evaluations WHERE jobset = ?1 AND position IS NOT NULL "
      "ORDER BY position");
  for (auto& [jobset, evaluations] : by_jobset) {
    bind_all(statement, jobset);
    while (statement.step()) {
      evaluations.push_back({statement.integer(0), statement.integer(1), statement.integer(2)});
    }
    statement.reset();
  }
  std::map<std::int64_t, std::vector<std::int64_t>> found;
  for (const auto& range : ranges) {
    const auto& evaluations = by_jobset[range.jobset];
    auto at = std::upper_bound(
        evaluations.begin(), evaluations.end(), range.last,
        [](std::int64_t last, const auto& evaluation) { return last < evaluation[0]; });
    auto& ids = found[range.build];
    for (std::size_t taken = 0; taken < each && at != evaluations.begin();) {
      --at;
      if ((*at)[0] < range.first) break;
      if ((*at)[1] != range.epoch) continue;
      ids.push_back((*at)[2]);
      ++taken;
    }
  }
  for (auto& [build, ids] : found) {
    std::sort(ids.begin(), ids.end(), std::greater<>());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    if (ids.size() > each) ids.resize(each);
  }
  return found;
}

std::vector<std::int64_t> EvaluationHistory::builds(const EvaluationRow& evaluation) {
  const bool ranges = evaluation.position != 0;
  auto statement = database_.prepare(
      ranges ? "SELECT DISTINCT build FROM targets WHERE jobset = ?1 AND epoch = ?2 "
               "AND first <= ?3 AND (last IS NULL OR last >= ?3) ORDER BY build"
             : "SELECT DISTINCT build FROM partial_targets WHERE evaluation = ?1 ORDER BY build");
  if (ranges) {
    bind_all(statement, evaluation.jobset, evaluation.epoch, evaluation.position);
  } else {
    bind_all(statement, evaluation.id);
  }
  std::vector<std::int64_t> ids;
  while (statement.step()) ids.push_back(statement.integer(0));
  if (!ranges) {
    for (const auto& row : UnchangedTargets(database_).rows(evaluation)) ids.push_back(row.build);
    std::sort(ids.begin(), ids.end());
  }
  return ids;
}

std::optional<std::int64_t> EvaluationHistory::newest_ended(std::int64_t build) {
  return find_integer(database_,
                      "SELECT e.id FROM targets t JOIN evaluations e ON e.jobset = t.jobset "
                      "AND e.epoch = t.epoch AND e.position >= t.first "
                      "AND (t.last IS NULL OR e.position <= t.last) "
                      "WHERE t.build = ?1 AND e.queued = 0 ORDER BY e.id DESC LIMIT 1",
                      build);
}

std::optional<std::int64_t> EvaluationHistory::newest_good_build_ended(std::int64_t jobset,
                                                                       std::string_view label) {
  return find_integer(database_,
                      "SELECT b.id FROM builds b JOIN targets t ON t.build = b.id "
                      "JOIN evaluations e ON e.jobset = t.jobset AND e.epoch = t.epoch "
                      "AND e.position >= t.first AND (t.last IS NULL OR e.position <= t.last) "
                      "WHERE b.jobset = ?1 AND b.label = ?2 AND b.outcome = 'good' "
                      "AND e.queued = 0 ORDER BY b.id DESC LIMIT 1",
                      jobset, label);
}

}  // namespace grange
