#include "record/evaluation_history.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/error.h"
#include "record/rows.h"

namespace grange {
namespace {

constexpr std::size_t kWrittenTogether = 5000;
/// A jobset's first epoch may hold so many closed rows, however few are live.
constexpr std::int64_t kFewRows = 1000;

constexpr std::string_view kEvaluationColumns =
    "SELECT e.id, e.jobset, e.state, coalesce(e.position, 0), coalesce(e.epoch, 0), "
    "coalesce(e.base, 0), e.started, e.finished, e.fetch_seconds, e.problem, e.targets, e.errors, "
    "e.same, e.equivalent, e.changed, e.unverified, e.added, e.removed, e.queued, e.good, "
    "e.failed, e.inputs_digest, e.digest FROM evaluations e ";

Sha256 sha256_column(ByteView bytes) {
  Sha256 digest{};
  if (bytes.size() != digest.size()) throw CorruptError("a recorded digest has not 32 bytes");
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

EvaluationRow read_evaluation(const Statement& statement) {
  RowReader row(statement);
  EvaluationRow evaluation;
  evaluation.id = row.integer();
  evaluation.jobset = row.integer();
  const auto state = row.text();
  evaluation.state = state == "complete" ? EvaluationRow::State::complete
                     : state == "failed" ? EvaluationRow::State::failed
                                         : EvaluationRow::State::running;
  evaluation.position = row.integer();
  evaluation.epoch = row.integer();
  evaluation.base = row.integer();
  evaluation.started = row.time();
  evaluation.finished = row.optional_time();
  evaluation.fetch_seconds = row.real();
  evaluation.problem = row.text();
  evaluation.targets = row.integer();
  evaluation.errors = row.integer();
  auto& verdicts = evaluation.verdicts;
  verdicts.same = row.integer();
  verdicts.equivalent = row.integer();
  verdicts.changed = row.integer();
  verdicts.unverified = row.integer();
  verdicts.added = row.integer();
  verdicts.removed = row.integer();
  evaluation.queued = row.integer();
  evaluation.good = row.integer();
  evaluation.failed = row.integer();
  evaluation.inputs_digest = sha256_column(row.blob());
  if (const auto digest = row.blob(); !digest.empty()) evaluation.digest = sha256_column(digest);
  return evaluation;
}

std::vector<EvaluationRow> read_evaluations(Statement& statement) {
  std::vector<EvaluationRow> evaluations;
  while (statement.step()) evaluations.push_back(read_evaluation(statement));
  return evaluations;
}

/// The digest of an evaluation's targets, which are added by label.
class TargetDigest {
 public:
  void add(const std::string& label, std::int64_t derivation, std::int64_t facts) {
    hasher_.update(label + " " + std::to_string(derivation) + " " + std::to_string(facts) + "\n");
    ++count_;
  }
  std::int64_t count() const { return count_; }
  Sha256 finish() { return sha256_column(hasher_.finish().bytes()); }

 private:
  Hasher hasher_{HashAlgorithm::sha256};
  std::int64_t count_ = 0;
};

Verdict verdict_of(std::int64_t derivation, std::int64_t output_set, bool unverified,
                   std::int64_t base_derivation, std::int64_t base_output_set,
                   bool base_unverified) {
  if (derivation == base_derivation) return Verdict::same;
  if (output_set != 0 && output_set == base_output_set) return Verdict::equivalent;
  return unverified || base_unverified ? Verdict::changed_unverified : Verdict::changed;
}

void count(VerdictCounts& counts, Verdict verdict) {
  switch (verdict) {
    case Verdict::same:
      ++counts.same;
      break;
    case Verdict::equivalent:
      ++counts.equivalent;
      break;
    case Verdict::changed:
      ++counts.changed;
      break;
    case Verdict::changed_unverified:
      ++counts.unverified;
      break;
    case Verdict::added:
      ++counts.added;
      break;
    case Verdict::removed:
      ++counts.removed;
      break;
  }
}

}  // namespace

std::string_view to_string(EvaluationRow::State state) noexcept {
  switch (state) {
    case EvaluationRow::State::running:
      return "running";
    case EvaluationRow::State::complete:
      return "complete";
    case EvaluationRow::State::failed:
      return "failed";
  }
  return "";
}

std::int64_t EvaluationHistory::begin(const NewEvaluation& evaluation) {
  const auto id = *find_integer(
      database_,
      "INSERT INTO evaluations (jobset, state, started, fetch_seconds, inputs_digest, problem, "
      "targets, errors, same, equivalent, changed, unverified, added, removed, queued, good, "
      "failed) VALUES (?1, 'running', ?2, ?3, ?4, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) "
      "RETURNING id",
      evaluation.jobset, evaluation.started, evaluation.fetch_seconds,
      BlobValue{evaluation.inputs_digest});
  for (const auto& input : evaluation.inputs) {
    run(database_,
        "INSERT INTO evaluation_inputs (evaluation, name, type, value, uri, revision, store_path) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        id, input.name, input.type, input.value, input.uri, input.revision, input.store_path);
  }
  return id;
}

void EvaluationHistory::add_targets(std::int64_t evaluation, std::span<const TargetRow> targets) {
  if (targets.empty()) return;
  constexpr std::string_view kColumns[] = {"evaluation", "label", "derivation", "facts", "build"};
  const auto bulk = database_.bulk_insert("partial_targets", kColumns);
  std::vector<std::int64_t> builds;
  for (const auto& target : targets) {
    bulk->bind(1, evaluation);
    bulk->bind(2, std::string_view(target.label));
    bulk->bind(3, target.derivation);
    bulk->bind(4, target.facts);
    bulk->bind(5, target.build);
    bulk->next();
    builds.push_back(target.build);
  }
  bulk->finish();
  auto outcomes = database_.prepare(
      "SELECT count(CASE WHEN outcome IS NULL THEN 1 END), "
      "count(CASE WHEN outcome = 'good' THEN 1 END), "
      "count(CASE WHEN outcome <> 'good' THEN 1 END) FROM builds WHERE id " +
      database_.one_of(1, Database::ListOf::integers));
  outcomes.bind_integers(1, builds);
  if (!outcomes.step()) throw CorruptError("a count gave no row");
  RowReader row(outcomes);
  const auto queued = row.integer();
  const auto good = row.integer();
  const auto failed = row.integer();
  outcomes.reset();
  run(database_,
      "UPDATE evaluations SET targets = targets + ?2, queued = queued + ?3, good = good + ?4, "
      "failed = failed + ?5 WHERE id = ?1",
      evaluation, targets.size(), queued, good, failed);
}

void EvaluationHistory::add_error(std::int64_t evaluation, const std::string& label,
                                  const std::string& message) {
  const auto added =
      run(database_,
          "INSERT INTO evaluation_errors (evaluation, label, message) VALUES (?1, ?2, ?3) "
          "ON CONFLICT DO NOTHING",
          evaluation, label, message);
  if (added == 0) return;
  run(database_, "UPDATE evaluations SET errors = errors + 1 WHERE id = ?1", evaluation);
}

/// What an evaluation changes in the open rows of its jobset.
struct EvaluationHistory::Difference {
  std::vector<std::string> closed;
  std::vector<TargetRow> opened;
  VerdictCounts verdicts;
  std::int64_t live = 0;
  Sha256 digest{};
};

EvaluationHistory::Difference EvaluationHistory::compare(const EvaluationRow& evaluation) {
  const auto current = this->current(evaluation.jobset);
  Difference difference;
  TargetDigest digest;
  auto statement = database_.prepare(
      "SELECT t.label, t.derivation, t.facts, t.build, coalesce(d.output_set, 0), d.unverified "
      "FROM partial_targets t JOIN derivations d ON d.id = t.derivation "
      "WHERE t.evaluation = ?1 ORDER BY t.label");
  statement.bind(1, evaluation.id);
  auto base = current.begin();
  const auto close_before = [&](const std::string* label) {
    for (; base != current.end() && (label == nullptr || base->first < *label); ++base) {
      difference.closed.push_back(base->first);
      ++difference.verdicts.removed;
    }
  };
  while (statement.step()) {
    RowReader row(statement);
    TargetRow target;
    target.label = row.text();
    target.derivation = row.integer();
    target.facts = row.integer();
    target.build = row.integer();
    const auto output_set = row.integer();
    const bool unverified = row.flag();
    digest.add(target.label, target.derivation, target.facts);
    close_before(&target.label);
    if (base == current.end() || base->first != target.label) {
      ++difference.verdicts.added;
      difference.opened.push_back(std::move(target));
      continue;
    }
    const auto& old = base->second;
    count(difference.verdicts, verdict_of(target.derivation, output_set, unverified,
                                          old.target.derivation, old.output_set, false));
    if (target.derivation != old.target.derivation || target.facts != old.target.facts ||
        target.build != old.target.build) {
      difference.closed.push_back(target.label);
      difference.opened.push_back(std::move(target));
    }
    ++base;
  }
  close_before(nullptr);
  difference.live = digest.count();
  difference.digest = digest.finish();
  return difference;
}

void EvaluationHistory::complete(std::int64_t id, TimePoint now) {
  auto evaluation = find(id);
  if (!evaluation) throw NotFoundError("no evaluation has the number " + std::to_string(id));
  std::int64_t position = 0;
  std::int64_t epoch = 0;
  {
    // Locks the jobset's history until the end of the transaction.
    auto statement = database_.prepare(
        "UPDATE jobsets SET next_position = next_position + 1 WHERE id = ?1 "
        "RETURNING next_position - 1, epoch");
    statement.bind(1, evaluation->jobset);
    if (!statement.step()) throw NotFoundError("the evaluation's jobset is gone");
    position = statement.integer(0);
    epoch = statement.integer(1);
  }
  const auto base = last_complete(evaluation->jobset);
  auto difference = compare(*evaluation);
  write_ranges(*evaluation, difference, epoch, position);
  std::optional<std::int64_t> base_id;
  if (base) base_id = base->id;
  const auto& verdicts = difference.verdicts;
  run(database_,
      "UPDATE evaluations SET state = 'complete', position = ?2, epoch = ?3, base = ?4, "
      "finished = ?5, digest = ?6, same = ?7, equivalent = ?8, changed = ?9, unverified = ?10, "
      "added = ?11, removed = ?12 WHERE id = ?1",
      id, position, epoch, base_id, now, BlobValue{difference.digest}, verdicts.same,
      verdicts.equivalent, verdicts.changed, verdicts.unverified, verdicts.added, verdicts.removed);
  run(database_, "DELETE FROM partial_targets WHERE evaluation = ?1", id);
  const auto closed = static_cast<std::int64_t>(difference.closed.size());
  const auto total = *find_integer(database_,
                                   "UPDATE jobsets SET live_rows = ?2, "
                                   "closed_rows = closed_rows + ?3 WHERE id = ?1 "
                                   "RETURNING closed_rows",
                                   evaluation->jobset, difference.live, closed);
  if (total > std::max(difference.live, kFewRows)) {
    begin_epoch(evaluation->jobset, epoch, position);
  }
}

void EvaluationHistory::write_ranges(const EvaluationRow& evaluation, const Difference& difference,
                                     std::int64_t epoch, std::int64_t position) {
  auto close = database_.prepare(
      "UPDATE targets SET last = ?2 WHERE jobset = ?3 AND epoch = ?4 AND last IS NULL AND label " +
      database_.one_of(1, Database::ListOf::texts));
  const std::span<const std::string> closed(difference.closed);
  for (std::size_t begin = 0; begin < closed.size(); begin += kWrittenTogether) {
    close.bind_texts(1, closed.subspan(begin, std::min(kWrittenTogether, closed.size() - begin)));
    close.bind(2, position - 1).bind(3, evaluation.jobset).bind(4, epoch).run();
  }
  if (difference.opened.empty()) return;
  constexpr std::string_view kColumns[] = {"jobset",     "epoch", "label", "first",
                                           "derivation", "facts", "build"};
  const auto bulk = database_.bulk_insert("targets", kColumns);
  for (const auto& target : difference.opened) {
    bulk->bind(1, evaluation.jobset);
    bulk->bind(2, epoch);
    bulk->bind(3, std::string_view(target.label));
    bulk->bind(4, position);
    bulk->bind(5, target.derivation);
    bulk->bind(6, target.facts);
    bulk->bind(7, target.build);
    bulk->next();
  }
  bulk->finish();
}

/// The rows that are live at `position` begin anew. The evaluation at that position is still read
/// in the old epoch, and is the first that the new one can be compared with.
void EvaluationHistory::begin_epoch(std::int64_t jobset, std::int64_t epoch,
                                    std::int64_t position) {
  run(database_,
      "INSERT INTO targets (jobset, epoch, label, first, derivation, facts, build) "
      "SELECT jobset, epoch + 1, label, ?3, derivation, facts, build FROM targets "
      "WHERE jobset = ?1 AND epoch = ?2 AND last IS NULL",
      jobset, epoch, position);
  run(database_, "UPDATE targets SET last = ?3 WHERE jobset = ?1 AND epoch = ?2 AND last IS NULL",
      jobset, epoch, position);
  run(database_, "UPDATE jobsets SET epoch = epoch + 1, closed_rows = 0 WHERE id = ?1", jobset);
}

void EvaluationHistory::fail(std::int64_t evaluation, TimePoint now, const std::string& problem) {
  run(database_,
      "UPDATE evaluations SET state = 'failed', finished = ?2, problem = ?3 WHERE id = ?1",
      evaluation, now, problem);
}

void EvaluationHistory::fail_running(TimePoint now, const std::string& problem,
                                     std::int64_t jobset) {
  run(database_,
      "UPDATE evaluations SET state = 'failed', finished = ?1, problem = ?2 "
      "WHERE state = 'running' AND (?3 = 0 OR jobset = ?3)",
      now, problem, jobset);
}

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
      "SELECT name, type, value, uri, revision, store_path FROM evaluation_inputs "
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

std::vector<CurrentTarget> EvaluationHistory::since_last_complete(std::int64_t jobset) {
  const auto last = last_complete(jobset);
  auto statement = database_.prepare(
      "SELECT t.label, t.derivation, t.facts, t.build, coalesce(d.output_set, 0) "
      "FROM evaluations e JOIN partial_targets t ON t.evaluation = e.id "
      "JOIN derivations d ON d.id = t.derivation WHERE e.jobset = ?1 AND e.id > ?2 ORDER BY e.id");
  bind_all(statement, jobset, last ? last->id : 0);
  std::vector<CurrentTarget> targets;
  while (statement.step()) {
    RowReader row(statement);
    CurrentTarget current;
    current.target.label = row.text();
    current.target.derivation = row.integer();
    current.target.facts = row.integer();
    current.target.build = row.integer();
    current.output_set = row.integer();
    targets.push_back(std::move(current));
  }
  return targets;
}

std::map<std::string, CurrentTarget> EvaluationHistory::current(std::int64_t jobset) {
  auto statement = database_.prepare(
      "SELECT t.label, t.derivation, t.facts, t.build, t.first, coalesce(d.output_set, 0) "
      "FROM targets t JOIN jobsets j ON j.id = t.jobset AND j.epoch = t.epoch "
      "JOIN derivations d ON d.id = t.derivation "
      "WHERE t.jobset = ?1 AND t.last IS NULL ORDER BY t.label");
  statement.bind(1, jobset);
  std::map<std::string, CurrentTarget> targets;
  while (statement.step()) {
    RowReader row(statement);
    CurrentTarget current;
    current.target.label = row.text();
    current.target.derivation = row.integer();
    current.target.facts = row.integer();
    current.target.build = row.integer();
    current.first = row.integer();
    current.output_set = row.integer();
    targets.emplace_hint(targets.end(), current.target.label, std::move(current));
  }
  return targets;
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
  sql += "AND t.label > ?5 ";
  if (!query.contains.empty()) sql += "AND t.label LIKE ?6 ESCAPE '\\' ";
  sql += "ORDER BY t.label";
  auto statement = database_.prepare(sql);
  if (ranges) {
    bind_all(statement, evaluation.jobset, epoch, evaluation.position, base_position, query.after);
  } else {
    bind_all(statement, evaluation.id, evaluation.jobset, epoch, base_position, query.after);
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
  // The greatest text before a label cannot be written down; the label itself can be looked for.
  TargetQuery query;
  query.limit = 1;
  query.after = label;
  if (!query.after.empty()) query.after.pop_back();
  for (;;) {
    const auto found = targets(evaluation, query);
    if (found.empty() || found.front().target.label > label) return std::nullopt;
    if (found.front().target.label == label) return found.front();
    query.after = found.front().target.label;
  }
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

std::pair<std::int64_t, Sha256> EvaluationHistory::rebuild(const EvaluationRow& evaluation) {
  auto statement = database_.prepare(
      "SELECT label, derivation, facts FROM targets WHERE jobset = ?1 AND epoch = ?2 "
      "AND first <= ?3 AND (last IS NULL OR last >= ?3) ORDER BY label");
  bind_all(statement, evaluation.jobset, evaluation.epoch, evaluation.position);
  TargetDigest digest;
  while (statement.step()) {
    RowReader row(statement);
    const auto label = row.text();
    const auto derivation = row.integer();
    digest.add(label, derivation, row.integer());
  }
  const auto count = digest.count();
  return {count, digest.finish()};
}

std::int64_t EvaluationHistory::facts_id(std::string_view facts) {
  const auto digest = sha256(facts);
  const auto find = [&] {
    return find_integer(database_, "SELECT id FROM facts WHERE digest = ?1", BlobValue{digest});
  };
  if (const auto id = find()) return *id;
  run(database_, "INSERT INTO facts (digest, content) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
      BlobValue{digest},
      BlobValue{{reinterpret_cast<const std::uint8_t*>(facts.data()), facts.size()}});
  const auto id = find();
  if (!id) throw CorruptError("a row of facts vanished while it was being added");
  return *id;
}

std::string EvaluationHistory::facts(std::int64_t id) {
  auto statement = database_.prepare("SELECT content FROM facts WHERE id = ?1");
  statement.bind(1, id);
  if (!statement.step()) return "{}";
  const auto bytes = statement.blob(0);
  return {bytes.begin(), bytes.end()};
}

}  // namespace grange
