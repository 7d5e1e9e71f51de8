#include "record/evaluation_history.h"

#include <map>

#include "base/error.h"
#include "record/digest_queries.h"
#include "record/evaluation_rows.h"
#include "record/rows.h"

namespace grange {

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
