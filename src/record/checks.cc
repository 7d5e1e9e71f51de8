#include "record/checks.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace grange {
namespace {

/// The digest of a NAR, as `comparisons` keeps it.
Hash nar_hash_of_column(ByteView bytes) {
  if (bytes.size() != digest_size(HashAlgorithm::sha256)) {
    throw CorruptError("a comparison has a digest of " + std::to_string(bytes.size()) + " bytes");
  }
  return {HashAlgorithm::sha256, bytes};
}

}  // namespace

CheckTables::CheckTables(Database& database, AttemptTables& attempts)
    : attempts_(attempts),
      find_checks_(database.prepare(
          "SELECT attempts.id, policies.text FROM attempts JOIN policies ON policies.id = policy "
          "WHERE output_set = (SELECT id FROM output_sets WHERE digest = ?1) AND (checked = 1 OR "
          "EXISTS (SELECT 1 FROM comparisons WHERE attempt = attempts.id)) "
          "ORDER BY attempts.id DESC LIMIT ?2")),
      find_comparisons_(
          database.prepare("SELECT output, first, again FROM comparisons WHERE attempt = ?1")),
      find_tries_(database.prepare(
          "SELECT attempts.id, outcome, policies.text FROM attempts JOIN policies ON policies.id = "
          "policy WHERE output_set = (SELECT id FROM output_sets WHERE digest = ?1) AND "
          "recipe = ?2 ORDER BY attempts.id DESC")),
      find_another_(database.prepare(
          "SELECT 1 FROM attempts WHERE output_set = (SELECT id FROM output_sets WHERE digest = "
          "?1) AND recipe <> ?2 AND outcome = 'good' LIMIT 1")) {}

std::vector<AttemptRecord> CheckTables::of(const OutputSetId& output_set, std::size_t limit) {
  std::vector<std::pair<std::int64_t, std::string>> found;
  find_checks_.reset();
  find_checks_.bind_blob(1, output_set.bytes()).bind(2, limit);
  while (find_checks_.step()) {
    found.emplace_back(find_checks_.integer(0), find_checks_.text(1));
  }
  find_checks_.reset();
  std::vector<AttemptRecord> checks;
  checks.reserve(found.size());
  for (const auto& [id, policy] : found) {
    checks.push_back(attempts_.read_attempt(id, output_set, policy));
    checks.back().result.compared = comparisons(id);
  }
  return checks;
}

std::map<std::string, OutputComparison> CheckTables::comparisons(std::int64_t attempt) {
  std::map<std::string, OutputComparison> compared;
  find_comparisons_.reset();
  find_comparisons_.bind(1, attempt);
  while (find_comparisons_.step()) {
    const auto first = nar_hash_of_column(find_comparisons_.blob(1));
    compared.emplace(find_comparisons_.text(0),
                     OutputComparison{first, nar_hash_of_column(find_comparisons_.blob(2))});
  }
  find_comparisons_.reset();
  return compared;
}

std::vector<RecipeHistory> CheckTables::histories(std::span<const RecipeQuery> queries,
                                                  const std::vector<std::string>& policies) {
  std::vector<RecipeHistory> histories;
  histories.reserve(queries.size());
  for (const auto& query : queries) {
    auto& history = histories.emplace_back();
    std::optional<std::pair<std::int64_t, std::string>> last;
    find_tries_.reset();
    find_tries_.bind_blob(1, query.output_set.bytes()).bind(2, query.recipe.base_name());
    while (!last && find_tries_.step()) {
      const auto outcome = parse_outcome(find_tries_.text(1)).value_or(Outcome::unknown);
      if (outcome != Outcome::good && !is_lasting_failure(outcome)) continue;
      std::string policy(find_tries_.text(2));
      if (std::find(policies.begin(), policies.end(), policy) == policies.end()) continue;
      last.emplace(find_tries_.integer(0), std::move(policy));
    }
    find_tries_.reset();
    if (last) history.last = attempts_.read_attempt(last->first, query.output_set, last->second);
    find_another_.reset();
    find_another_.bind_blob(1, query.output_set.bytes()).bind(2, query.recipe.base_name());
    history.made_by_another = find_another_.step();
    find_another_.reset();
  }
  return histories;
}

}  // namespace grange
