#include <algorithm>

#include "base/error.h"
#include "record/evaluation_history.h"
#include "record/evaluation_rows.h"
#include "record/rows.h"
#include "record/unchanged_targets.h"

namespace grange {
namespace {

constexpr std::size_t kWrittenTogether = 5000;
/// A jobset's first epoch may hold so many closed rows, however few are live.
constexpr std::int64_t kFewRows = 1000;

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

/// What an evaluation changes in the open rows of its jobset.
struct EvaluationHistory::Difference {
  std::vector<std::string> closed;
  std::vector<std::int64_t> closed_builds;
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
  const auto unchanged = UnchangedTargets(database_).labels(evaluation.id);
  auto same = unchanged.begin();
  auto base = current.begin();
  const auto close = [&](const CurrentTarget& target) {
    difference.closed.push_back(target.target.label);
    difference.closed_builds.push_back(target.target.build);
  };
  const auto pass_before = [&](const std::string* label) {
    for (; base != current.end() && (label == nullptr || base->first < *label); ++base) {
      if (same != unchanged.end() && *same == base->first) {
        digest.add(base->first, base->second.target.derivation, base->second.target.facts);
        ++difference.verdicts.same;
        ++same;
      } else {
        close(base->second);
        ++difference.verdicts.removed;
      }
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
    pass_before(&target.label);
    digest.add(target.label, target.derivation, target.facts);
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
      close(old);
      difference.opened.push_back(std::move(target));
    }
    ++base;
  }
  pass_before(nullptr);
  if (same != unchanged.end()) {
    throw CorruptError("target '" + *same + "' of evaluation " + std::to_string(evaluation.id) +
                       " is recorded twice, or as unchanged and is new");
  }
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
  // What it has in common with its base is counted there, also what ended meanwhile.
  std::vector<std::int64_t> opened_builds;
  for (const auto& target : difference.opened) opened_builds.push_back(target.build);
  auto counted = outcomes(opened_builds);
  if (base) {
    const auto closed = outcomes(difference.closed_builds);
    counted.queued += base->queued - closed.queued;
    counted.good += base->good - closed.good;
    counted.failed += base->failed - closed.failed;
    counted.output_size += base->output_size.value_or(0) - closed.output_size;
    counted.closure_size += base->closure_size.value_or(0) - closed.closure_size;
  }
  // Of one whose base was recorded before sizes were counted, nobody knows them either.
  const auto known_size = [&](std::int64_t size, auto of_base) {
    return base && !((*base).*of_base) ? std::nullopt : std::optional(size);
  };
  run(database_,
      "UPDATE evaluations SET state = 'complete', position = ?2, epoch = ?3, base = ?4, "
      "finished = ?5, digest = ?6, same = ?7, equivalent = ?8, changed = ?9, unverified = ?10, "
      "added = ?11, removed = ?12, targets = ?13, queued = ?14, good = ?15, failed = ?16, "
      "output_size = ?17, closure_size = ?18 WHERE id = ?1",
      id, position, epoch, base_id, now, BlobValue{difference.digest}, verdicts.same,
      verdicts.equivalent, verdicts.changed, verdicts.unverified, verdicts.added, verdicts.removed,
      difference.live, counted.queued, counted.good, counted.failed,
      known_size(counted.output_size, &EvaluationRow::output_size),
      known_size(counted.closure_size, &EvaluationRow::closure_size));
  run(database_, "DELETE FROM partial_targets WHERE evaluation = ?1", id);
  UnchangedTargets(database_).forget(id);
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
      "SELECT t.label, t.derivation, t.facts, t.build, t.first, coalesce(d.output_set, 0), "
      "d.digest "
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
    const auto digest = row.blob();
    current.digest.assign(digest.begin(), digest.end());
    targets.emplace_hint(targets.end(), current.target.label, std::move(current));
  }
  return targets;
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

}  // namespace grange
