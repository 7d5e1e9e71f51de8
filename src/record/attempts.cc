#include "record/attempts.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/fault.h"
#include "derivation/package_name.h"
#include "record/column_values.h"
#include "record/digest_queries.h"
#include "record/writing_transaction.h"

namespace grange {
AttemptTables::AttemptTables(Database& database, GoodTables& good)
    : database_(database),
      good_(good),
      find_output_set_(database.prepare("SELECT id FROM output_sets WHERE digest = ?1")),
      find_failure_(database.prepare("SELECT attempt FROM failures WHERE output_set = ?1 AND "
                                     "policy = ?2 AND recipe = ?3")),
      find_outcome_(database.prepare("SELECT outcome FROM output_sets WHERE digest = ?1 AND "
                                     "outcome IS NOT NULL")),
      find_seconds_(database.prepare("SELECT seconds FROM durations WHERE output_set = ?1 "
                                     "ORDER BY id DESC LIMIT 5")),
      find_package_seconds_(database.prepare("SELECT seconds FROM durations WHERE package = ?1 "
                                             "ORDER BY id DESC LIMIT 5")) {}

void AttemptTables::add(const std::vector<AttemptRecord>& attempts) {
  WritingTransaction transaction(database_);
  add_in_transaction(attempts);
  fault_point("record.before-commit");
  transaction.commit();
}

void AttemptTables::add_in_transaction(const std::vector<AttemptRecord>& attempts) {
  // Most are good and of the plain kind; their order among each other does not matter.
  const auto is_plain = [](const AttemptRecord& attempt) {
    return attempt.result.good() && !attempt.result.check && attempt.result.compared.empty();
  };
  std::span<const AttemptRecord> left(attempts);
  while (!left.empty()) {
    const auto end = std::find_if_not(left.begin(), left.end(), is_plain);
    const auto plain = static_cast<std::size_t>(end - left.begin());
    add_good_at_once(left.first(plain));
    left = left.subspan(plain);
    if (left.empty()) return;
    add_one(left.front());
    left = left.subspan(1);
  }
}

std::int64_t AttemptTables::id_of_policy(const std::string& policy) {
  auto add_policy =
      database_.prepare("INSERT INTO policies (text) VALUES (?1) ON CONFLICT DO NOTHING");
  auto find_policy_id = database_.prepare("SELECT id FROM policies WHERE text = ?1");
  return id_of_text(add_policy, find_policy_id, policy);
}

void AttemptTables::add_one(const AttemptRecord& attempt) {
  const auto policy = id_of_policy(attempt.policy);
  std::optional<std::int64_t> output_set;
  if (attempt.output_set) output_set = add_output_set(*attempt.output_set);
  auto insert = database_.prepare(
      "INSERT INTO attempts (output_set, recipe, fixed_output, policy, outcome, started, "
      "stopped, message, log_tail, checked) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING id");
  insert.bind_optional(1, output_set)
      .bind(2, attempt.recipe.base_name())
      .bind(3, std::int64_t{attempt.fixed_output})
      .bind(4, policy)
      .bind(5, to_string(attempt.result.outcome))
      .bind(6, to_column(attempt.result.start))
      .bind(7, to_column(attempt.result.stop))
      .bind(8, text_to_column(kept_beginning(attempt.result.message)))
      .bind(9, text_to_column(kept_end(attempt.result.log_tail)))
      .bind(10, std::int64_t{attempt.result.check});
  const auto id = returned_id(insert);
  const bool tried = attempt.fixed_output || !attempt.result.check;
  if (attempt.result.good() && tried) good_.add_recipe(attempt.recipe);
  if (output_set) {
    note_failure(attempt, *output_set, policy, id);
    note_outcome(attempt, *output_set);
  }
  note_comparisons(attempt, id);
  note_duration(attempt, output_set);
}

void AttemptTables::note_comparisons(const AttemptRecord& attempt, std::int64_t attempt_id) {
  for (const auto& [name, hashes] : attempt.result.compared) {
    database_
        .prepare("INSERT INTO comparisons (attempt, output, first, again) VALUES (?1, ?2, ?3, ?4)")
        .bind(1, attempt_id)
        .bind(2, name)
        .bind_blob(3, hashes.first.bytes())
        .bind_blob(4, hashes.again.bytes())
        .run();
  }
}

void AttemptTables::note_failure(const AttemptRecord& attempt, std::int64_t output_set,
                                 std::int64_t policy, std::int64_t attempt_id) {
  const auto recipe = failing_recipe(attempt.fixed_output, attempt.recipe);
  if (attempt.result.good()) {
    database_.prepare("DELETE FROM failures WHERE output_set = ?1 AND policy = ?2 AND recipe = ?3")
        .bind(1, output_set)
        .bind(2, policy)
        .bind(3, recipe)
        .run();
  } else if (is_lasting_failure(attempt.result.outcome)) {
    database_
        .prepare(
            "INSERT INTO failures (output_set, policy, recipe, attempt) VALUES (?1, ?2, ?3, ?4) "
            "ON CONFLICT (output_set, policy, recipe) DO UPDATE SET attempt = excluded.attempt")
        .bind(1, output_set)
        .bind(2, policy)
        .bind(3, recipe)
        .bind(4, attempt_id)
        .run();
  }
}

void AttemptTables::note_outcome(const AttemptRecord& attempt, std::int64_t output_set) {
  const bool good = attempt.result.good();
  if (!good && !is_lasting_failure(attempt.result.outcome)) return;
  // What was made again is no better and no worse for it: it may have failed with output before.
  if (attempt.result.check) return;
  // The failure of one recipe takes nothing from what another one made.
  if (!good && attempt.fixed_output && attempt.output_set &&
      outcomes({&*attempt.output_set, 1}).front() == Outcome::good) {
    return;
  }
  database_.prepare("UPDATE output_sets SET outcome = ?2 WHERE id = ?1")
      .bind(1, output_set)
      .bind(2, to_string(attempt.result.outcome))
      .run();
}

void AttemptTables::note_duration(const AttemptRecord& attempt,
                                  std::optional<std::int64_t> output_set) {
  if (!attempt.result.good() || attempt.result.already_valid) return;
  database_.prepare("INSERT INTO durations (output_set, package, seconds) VALUES (?1, ?2, ?3)")
      .bind_optional(1, output_set)
      .bind(2, package_name(attempt.recipe.derivation_name()))
      .bind(3, attempt.result.seconds())
      .run();
}

std::int64_t AttemptTables::add_output_set(const OutputSetId& output_set) {
  if (const auto id = find_output_set(output_set)) return *id;
  auto insert = database_.prepare("INSERT INTO output_sets (digest) VALUES (?1) RETURNING id");
  return returned_id(insert.bind_blob(1, output_set.bytes()));
}

std::optional<std::int64_t> AttemptTables::find_output_set(const OutputSetId& output_set) {
  find_output_set_.reset();
  std::optional<std::int64_t> id;
  if (find_output_set_.bind_blob(1, output_set.bytes()).step()) id = find_output_set_.integer(0);
  find_output_set_.reset();
  return id;
}

std::optional<std::int64_t> AttemptTables::find_policy(const std::string& policy) {
  auto find = database_.prepare("SELECT id FROM policies WHERE text = ?1");
  if (!find.bind(1, policy).step()) return std::nullopt;
  return find.integer(0);
}

std::vector<std::optional<AttemptRecord>> AttemptTables::lasting_failures(
    std::span<const FailureQuery> queries, const std::string& policy) {
  std::vector<std::optional<AttemptRecord>> failures(queries.size());
  const auto policy_id = find_policy(policy);
  if (!policy_id) return failures;
  if (is_better_asked_at_once(database_, queries.size())) {
    return failures_at_once(queries, policy, *policy_id);
  }
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const auto& query = queries[i];
    const auto output_set = find_output_set(query.output_set);
    if (!output_set) continue;
    find_failure_.reset();
    find_failure_.bind(1, *output_set)
        .bind(2, *policy_id)
        .bind(3, failing_recipe(query.fixed_output, query.recipe));
    if (find_failure_.step()) {
      failures[i] = read_attempt(find_failure_.integer(0), query.output_set, policy);
    }
    find_failure_.reset();
  }
  return failures;
}

AttemptRecord AttemptTables::read_attempt(std::int64_t id, const OutputSetId& output_set,
                                          const std::string& policy) {
  auto find = database_.prepare(
      "SELECT recipe, fixed_output, outcome, started, stopped, message, log_tail, checked "
      "FROM attempts WHERE id = ?1");
  if (!find.bind(1, id).step()) {
    throw CorruptError("attempt " + std::to_string(id) + " is missing");
  }
  const auto recipe = StorePath::try_parse(find.text(0));
  const auto outcome = parse_outcome(find.text(2));
  if (!recipe || !outcome) throw CorruptError("attempt " + std::to_string(id) + " is malformed");
  AttemptRecord attempt{output_set, *recipe, find.integer(1) != 0, policy, {}};
  attempt.result.outcome = *outcome;
  attempt.result.start = time_of_column(find.integer(3));
  attempt.result.stop = time_of_column(find.integer(4));
  attempt.result.message = find.text(5);
  attempt.result.log_tail = find.text(6);
  attempt.result.check = find.integer(7) != 0;
  return attempt;
}

std::vector<Outcome> AttemptTables::outcomes(std::span<const OutputSetId> output_sets) {
  if (is_better_asked_at_once(database_, output_sets.size())) {
    return outcomes_at_once(output_sets);
  }
  std::vector<Outcome> outcomes;
  outcomes.reserve(output_sets.size());
  for (const auto& output_set : output_sets) {
    find_outcome_.reset();
    if (find_outcome_.bind_blob(1, output_set.bytes()).step()) {
      outcomes.push_back(parse_outcome(find_outcome_.text(0)).value_or(Outcome::unknown));
    } else {
      outcomes.push_back(good_.has_output_set(output_set) ? Outcome::good : Outcome::unknown);
    }
  }
  find_outcome_.reset();
  return outcomes;
}

std::optional<double> AttemptTables::median(std::vector<double> seconds) {
  if (seconds.empty()) return std::nullopt;
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  return *middle;
}

template <typename Key>
std::optional<double> AttemptTables::median_of(Statement& find, const Key& key) {
  std::vector<double> seconds;
  find.reset();
  find.bind(1, key);
  while (find.step()) seconds.push_back(find.real(0));
  find.reset();
  return median(std::move(seconds));
}

std::vector<std::optional<double>> AttemptTables::expected_durations(
    std::span<const DurationQuery> queries) {
  if (is_better_asked_at_once(database_, queries.size())) return durations_at_once(queries);
  std::vector<std::optional<double>> expected;
  expected.reserve(queries.size());
  for (const auto& query : queries) {
    std::optional<double> seconds;
    if (const auto output_set = find_output_set(query.output_set)) {
      seconds = median_of(find_seconds_, *output_set);
    }
    if (!seconds) seconds = median_of(find_package_seconds_, package_name(query.name));
    expected.push_back(seconds);
  }
  return expected;
}

}  // namespace grange
