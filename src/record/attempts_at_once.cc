#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "derivation/package_name.h"
#include "record/attempts.h"
#include "record/column_values.h"
#include "record/derivations.h"
#include "record/digest_queries.h"

namespace grange {
namespace {

/// How many packages or output sets one query asks for.
constexpr std::size_t kDurationsAtOnce = 4096;

ByteView digest_of_output_set(const OutputSetId& output_set) {
  return output_set.bytes();
}

/// The last times by a column of durations: `bind` binds the list that the condition is of.
template <typename Key, typename Bind, typename ReadKey>
void read_last_seconds(Database& database, const std::string& column, Database::ListOf type,
                       const Bind& bind, const ReadKey& read_key,
                       std::map<Key, std::vector<double>>& seconds) {
  auto find = database.prepare("SELECT " + column + ", seconds FROM (SELECT " + column +
                               ", seconds, row_number() OVER (PARTITION BY " + column +
                               " ORDER BY id DESC) AS place FROM durations WHERE " + column + " " +
                               database.one_of(1, type) + ") AS placed WHERE place <= 5");
  bind(find);
  while (find.step()) seconds[read_key(find)].push_back(find.real(1));
}

/// Calls `use` with parts of a list.
template <typename List, typename Use>
void in_parts(const List& list, const Use& use) {
  const std::span all(list);
  for (std::size_t begin = 0; begin < all.size(); begin += kDurationsAtOnce) {
    use(all.subspan(begin, std::min(kDurationsAtOnce, all.size() - begin)));
  }
}

}  // namespace

std::vector<Outcome> AttemptTables::outcomes_at_once(std::span<const OutputSetId> output_sets) {
  std::map<OutputSetId, Outcome> known;
  for (const auto& good : good_.output_sets_among(output_sets)) known[good] = Outcome::good;
  // What was tried here says more than a map.
  query_digests(database_,
                "SELECT digest, outcome FROM output_sets WHERE outcome IS NOT NULL AND digest",
                digests_of(output_sets, digest_of_output_set), {}, [&](const Statement& row) {
                  known[output_set_of_column(row.blob(0))] =
                      parse_outcome(row.text(1)).value_or(Outcome::unknown);
                });
  std::vector<Outcome> outcomes;
  outcomes.reserve(output_sets.size());
  for (const auto& output_set : output_sets) {
    const auto found = known.find(output_set);
    outcomes.push_back(found == known.end() ? Outcome::unknown : found->second);
  }
  return outcomes;
}

std::vector<std::optional<AttemptRecord>> AttemptTables::failures_at_once(
    std::span<const FailureQuery> queries, const std::string& policy, std::int64_t policy_id) {
  std::map<std::pair<OutputSetId, std::string>, std::int64_t> known;
  query_digests(
      database_,
      "SELECT digest, recipe, attempt FROM failures JOIN output_sets ON output_sets.id = "
      "output_set WHERE policy = ?2 AND digest",
      digests_of(queries,
                 [](const FailureQuery& query) { return ByteView(query.output_set.bytes()); }),
      [&](Statement& find) { find.bind(2, policy_id); },
      [&](const Statement& row) {
        known[{output_set_of_column(row.blob(0)), std::string(row.text(1))}] = row.integer(2);
      });
  std::vector<std::optional<AttemptRecord>> failures(queries.size());
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const auto& query = queries[i];
    const auto found =
        known.find({query.output_set, failing_recipe(query.fixed_output, query.recipe)});
    if (found != known.end()) failures[i] = read_attempt(found->second, query.output_set, policy);
  }
  return failures;
}

std::vector<std::optional<double>> AttemptTables::durations_at_once(
    std::span<const DurationQuery> queries) {
  std::map<OutputSetId, std::int64_t> ids;
  query_digests(
      database_, "SELECT digest, id FROM output_sets WHERE digest",
      digests_of(queries,
                 [](const DurationQuery& query) { return ByteView(query.output_set.bytes()); }),
      {}, [&](const Statement& row) { ids[output_set_of_column(row.blob(0))] = row.integer(1); });
  std::vector<std::int64_t> distinct_ids;
  distinct_ids.reserve(ids.size());
  for (const auto& [output_set, id] : ids) distinct_ids.push_back(id);
  std::map<std::int64_t, std::vector<double>> own;
  in_parts(distinct_ids, [&](std::span<const std::int64_t> part) {
    read_last_seconds(
        database_, "output_set", Database::ListOf::integers,
        [&](Statement& find) { find.bind_integers(1, part); },
        [](const Statement& find) { return find.integer(0); }, own);
  });

  std::set<std::string> names;
  for (const auto& query : queries) names.emplace(package_name(query.name));
  const std::vector<std::string> distinct_names(names.begin(), names.end());
  std::map<std::string, std::vector<double>> of_package;
  in_parts(distinct_names, [&](std::span<const std::string> part) {
    read_last_seconds(
        database_, "package", Database::ListOf::texts,
        [&](Statement& find) { find.bind_texts(1, part); },
        [](const Statement& find) { return std::string(find.text(0)); }, of_package);
  });

  std::vector<std::optional<double>> expected;
  expected.reserve(queries.size());
  for (const auto& query : queries) {
    std::optional<double> seconds;
    if (const auto id = ids.find(query.output_set); id != ids.end()) {
      if (const auto found = own.find(id->second); found != own.end()) {
        seconds = median(found->second);
      }
    }
    if (!seconds) {
      const auto found = of_package.find(std::string(package_name(query.name)));
      if (found != of_package.end()) seconds = median(found->second);
    }
    expected.push_back(seconds);
  }
  return expected;
}

/// What add_one does, for many that are good, neither checks nor compared.
void AttemptTables::add_good_at_once(std::span<const AttemptRecord> attempts) {
  if (attempts.empty()) return;
  std::map<std::string, std::int64_t> policies;
  std::vector<OutputSetId> sets;
  for (const auto& attempt : attempts) {
    const auto [policy, is_new] = policies.emplace(attempt.policy, 0);
    if (is_new) policy->second = id_of_policy(attempt.policy);
    if (attempt.output_set) sets.push_back(*attempt.output_set);
  }
  const auto set_ids = output_set_ids(database_, sets);
  constexpr std::string_view kColumns[] = {"output_set", "recipe",  "fixed_output", "policy",
                                           "outcome",    "started", "stopped",      "message",
                                           "log_tail",   "checked"};
  auto bulk = database_.bulk_insert("attempts", kColumns);
  std::vector<StorePath> recipes;
  auto next_set = set_ids.begin();
  for (const auto& attempt : attempts) {
    recipes.push_back(attempt.recipe);
    if (attempt.output_set) {
      bulk->bind(1, *next_set++);
    } else {
      bulk->bind_null(1);
    }
    bulk->bind(2, std::string_view(attempt.recipe.base_name()));
    bulk->bind(3, std::int64_t{attempt.fixed_output});
    bulk->bind(4, policies.at(attempt.policy));
    bulk->bind(5, to_string(attempt.result.outcome));
    bulk->bind(6, to_column(attempt.result.start));
    bulk->bind(7, to_column(attempt.result.stop));
    bulk->bind(8, std::string_view(text_to_column(kept_beginning(attempt.result.message))));
    bulk->bind(9, std::string_view(text_to_column(kept_end(attempt.result.log_tail))));
    bulk->bind(10, std::int64_t{0});
    bulk->next();
  }
  bulk->finish();
  good_.add_recipes(recipes);

  in_parts(set_ids, [&](std::span<const std::int64_t> part) {
    const auto one_of = database_.one_of(1, Database::ListOf::integers);
    database_
        .prepare(
            "UPDATE output_sets SET outcome = 'good' WHERE outcome IS DISTINCT FROM 'good' "
            "AND id " +
            one_of)
        .bind_integers(1, part)
        .run();
    std::set<std::int64_t> failed;
    auto failures = database_.prepare("SELECT output_set FROM failures WHERE output_set " + one_of);
    failures.bind_integers(1, part);
    while (failures.step()) failed.insert(failures.integer(0));
    if (failed.empty()) return;
    next_set = set_ids.begin();
    for (const auto& attempt : attempts) {
      if (!attempt.output_set) continue;
      const auto id = *next_set++;
      if (failed.contains(id)) note_failure(attempt, id, policies.at(attempt.policy), 0);
    }
  });

  constexpr std::string_view kDurationColumns[] = {"output_set", "package", "seconds"};
  bulk = database_.bulk_insert("durations", kDurationColumns);
  next_set = set_ids.begin();
  for (const auto& attempt : attempts) {
    if (attempt.output_set) {
      bulk->bind(1, *next_set++);
    } else {
      bulk->bind_null(1);
    }
    if (attempt.result.already_valid) continue;
    bulk->bind(2, package_name(attempt.recipe.derivation_name()));
    bulk->bind(3, attempt.result.seconds());
    bulk->next();
  }
  bulk->finish();
}

}  // namespace grange
