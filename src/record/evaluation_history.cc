#include "record/evaluation_history.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "record/digest_queries.h"
#include "record/evaluation_rows.h"
#include "record/rows.h"
#include "record/unchanged_targets.h"

namespace grange {
namespace {

constexpr std::size_t kCountedTogether = 5000;

}  // namespace

std::int64_t EvaluationHistory::begin(const NewEvaluation& evaluation) {
  const auto id = *find_integer(
      database_,
      "INSERT INTO evaluations (jobset, state, started, fetch_seconds, inputs_digest, problem, "
      "targets, errors, same, equivalent, changed, unverified, added, removed, queued, good, "
      "failed, output_size, closure_size) VALUES (?1, 'running', ?2, ?3, ?4, '', 0, 0, 0, 0, 0, 0, "
      "0, 0, 0, 0, 0, 0, 0) RETURNING id",
      evaluation.jobset, evaluation.started, evaluation.fetch_seconds,
      BlobValue{evaluation.inputs_digest});
  for (const auto& input : evaluation.inputs) {
    run(database_,
        "INSERT INTO evaluation_inputs (evaluation, name, type, value, uri, revision, store_path, "
        "branch) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        id, input.name, input.type, input.value, input.uri, input.revision, input.store_path,
        input.branch);
  }
  return id;
}

void EvaluationHistory::add_targets(std::int64_t evaluation, std::span<const TargetRow> targets) {
  if (targets.empty()) return;
  constexpr std::string_view kColumns[] = {"evaluation", "label", "derivation", "facts", "build"};
  const auto bulk = database_.bulk_insert("partial_targets", kColumns);
  for (const auto& target : targets) {
    bulk->bind(1, evaluation);
    bulk->bind(2, std::string_view(target.label));
    bulk->bind(3, target.derivation);
    bulk->bind(4, target.facts);
    bulk->bind(5, target.build);
    bulk->next();
  }
  bulk->finish();
  add_to_counters(evaluation, targets);
}

void EvaluationHistory::add_unchanged(std::int64_t evaluation, std::span<const TargetRow> targets) {
  if (targets.empty()) return;
  std::vector<std::string> labels;
  labels.reserve(targets.size());
  for (const auto& target : targets) labels.push_back(target.label);
  UnchangedTargets(database_).add(evaluation, labels);
  add_to_counters(evaluation, targets);
}

/// How many of these are in each state by now.
EvaluationHistory::Outcomes EvaluationHistory::outcomes(std::span<const std::int64_t> builds) {
  auto statement = database_.prepare(
      "SELECT count(CASE WHEN outcome IS NULL THEN 1 END), "
      "count(CASE WHEN outcome = 'good' THEN 1 END), "
      "count(CASE WHEN outcome <> 'good' THEN 1 END), "
      "CAST(coalesce(sum(CASE WHEN outcome IS NOT NULL THEN size END), 0) AS BIGINT), "
      "CAST(coalesce(sum(CASE WHEN outcome IS NOT NULL THEN closure_size END), 0) AS BIGINT) "
      "FROM builds WHERE id " +
      database_.one_of(1, Database::ListOf::integers));
  Outcomes all;
  for (std::size_t begin = 0; begin < builds.size(); begin += kCountedTogether) {
    statement.bind_integers(
        1, builds.subspan(begin, std::min(kCountedTogether, builds.size() - begin)));
    if (!statement.step()) throw CorruptError("a count gave no row");
    RowReader row(statement);
    all.queued += row.integer();
    all.good += row.integer();
    all.failed += row.integer();
    all.output_size += row.integer();
    all.closure_size += row.integer();
    statement.reset();
  }
  return all;
}

void EvaluationHistory::add_to_counters(std::int64_t evaluation,
                                        std::span<const TargetRow> targets) {
  std::vector<std::int64_t> builds;
  builds.reserve(targets.size());
  for (const auto& target : targets) builds.push_back(target.build);
  const auto counted = outcomes(builds);
  run(database_,
      "UPDATE evaluations SET targets = targets + ?2, queued = queued + ?3, good = good + ?4, "
      "failed = failed + ?5, output_size = output_size + ?6, closure_size = closure_size + ?7 "
      "WHERE id = ?1",
      evaluation, targets.size(), counted.queued, counted.good, counted.failed, counted.output_size,
      counted.closure_size);
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

/// What is only named comes to be recorded in full, and the counters to be exact: builds of those
/// may have ended meanwhile.
void EvaluationHistory::write_unchanged(const EvaluationRow& evaluation) {
  UnchangedTargets unchanged(database_);
  const auto rows = unchanged.rows(evaluation);
  if (rows.empty()) return;
  unchanged.forget(evaluation.id);
  auto all = builds(evaluation);
  add_targets(evaluation.id, rows);
  for (const auto& row : rows) all.push_back(row.build);
  const auto counted = outcomes(all);
  run(database_,
      "UPDATE evaluations SET targets = ?2, queued = ?3, good = ?4, failed = ?5, output_size = ?6, "
      "closure_size = ?7 WHERE id = ?1",
      evaluation.id, all.size(), counted.queued, counted.good, counted.failed, counted.output_size,
      counted.closure_size);
}

void EvaluationHistory::fail(std::int64_t evaluation, TimePoint now, const std::string& problem) {
  if (const auto row = find(evaluation)) write_unchanged(*row);
  run(database_,
      "UPDATE evaluations SET state = 'failed', finished = ?2, problem = ?3 WHERE id = ?1",
      evaluation, now, problem);
}

void EvaluationHistory::fail_running(TimePoint now, const std::string& problem,
                                     std::int64_t jobset) {
  std::vector<std::int64_t> running;
  auto statement = database_.prepare(
      "SELECT id FROM evaluations WHERE state = 'running' AND (?1 = 0 OR jobset = ?1)");
  statement.bind(1, jobset);
  while (statement.step()) running.push_back(statement.integer(0));
  for (const auto evaluation : running) fail(evaluation, now, problem);
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

std::vector<std::int64_t> EvaluationHistory::facts_ids(std::span<const std::string> facts) {
  std::vector<Sha256> digests;
  digests.reserve(facts.size());
  for (const auto& text : facts) digests.push_back(sha256(text));
  std::map<Sha256, std::int64_t> known;
  const auto look_for = [&](const std::vector<Sha256>& asked) {
    query_digests(
        database_, "SELECT digest, id FROM facts WHERE digest",
        digests_of(asked, [](const Sha256& digest) { return ByteView(digest); }), {},
        [&](const Statement& row) { known.emplace(sha256_column(row.blob(0)), row.integer(1)); });
  };
  look_for(digests);
  std::map<Sha256, std::string_view> missing;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (!known.contains(digests[i])) missing.emplace(digests[i], facts[i]);
  }
  if (!missing.empty()) {
    constexpr std::string_view kColumns[] = {"digest", "content"};
    const auto bulk = database_.bulk_insert("facts", kColumns);
    std::vector<Sha256> added;
    for (const auto& [digest, text] : missing) {
      bulk->bind_blob(1, digest);
      bulk->bind_blob(2, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
      bulk->next();
      added.push_back(digest);
    }
    bulk->finish();
    look_for(added);
  }
  std::vector<std::int64_t> ids;
  ids.reserve(facts.size());
  for (const auto& digest : digests) {
    const auto found = known.find(digest);
    if (found == known.end()) throw CorruptError("facts vanished while they were being added");
    ids.push_back(found->second);
  }
  return ids;
}

std::string EvaluationHistory::facts(std::int64_t id) {
  auto statement = database_.prepare("SELECT content FROM facts WHERE id = ?1");
  statement.bind(1, id);
  if (!statement.step()) return "{}";
  const auto bytes = statement.blob(0);
  return {bytes.begin(), bytes.end()};
}

}  // namespace grange
