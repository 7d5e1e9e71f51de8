#include "record/attempt_history.h"

#include <algorithm>
#include <set>

#include "record/digest_queries.h"
#include "record/evaluation_rows.h"
#include "record/filtered_query.h"
#include "record/rows.h"

namespace grange {
namespace {

constexpr std::string_view kAttemptColumns =
    "SELECT a.id, o.digest, a.recipe, a.fixed_output, p.text, a.outcome, a.started, a.stopped, "
    "a.message, a.log_tail, a.checked FROM attempts a JOIN policies p ON p.id = a.policy "
    "LEFT JOIN output_sets o ON o.id = a.output_set ";

AttemptRow read_attempt_row(const Statement& statement) {
  RowReader row(statement);
  AttemptRow attempt;
  attempt.id = row.integer();
  if (const auto bytes = row.blob(); bytes.size() == sizeof(Sha256)) {
    Sha256 digest{};
    std::copy(bytes.begin(), bytes.end(), digest.begin());
    attempt.output_set = OutputSetId(digest);
  }
  attempt.recipe = row.text();
  attempt.fixed_output = row.flag();
  attempt.policy = row.text();
  attempt.outcome = parse_outcome(row.text()).value_or(Outcome::unknown);
  attempt.started = row.time();
  attempt.stopped = row.time();
  attempt.message = row.text();
  attempt.log_tail = row.text();
  attempt.check = row.flag();
  return attempt;
}

}  // namespace

std::vector<AttemptRow> AttemptHistory::list(const AttemptQuery& query) {
  std::string begin(kAttemptColumns);
  if (query.failing) begin += "JOIN failures f ON f.attempt = a.id ";
  FilteredQuery filtered(std::move(begin), false);
  filtered.add(query.failing ? "f.output_set =" : "a.output_set =", query.output_set);
  filtered.add("a.recipe =", query.recipe);
  filtered.add("a.outcome =", query.outcome);
  filtered.add(query.failing ? "f.attempt <" : "a.id <", query.before);
  auto statement = filtered.prepare(
      database_, query.failing ? "ORDER BY f.attempt DESC" : "ORDER BY a.id DESC", query.limit);
  std::vector<AttemptRow> attempts;
  while (statement.step()) attempts.push_back(read_attempt_row(statement));
  return attempts;
}

std::optional<AttemptRow> AttemptHistory::find(std::int64_t id) {
  auto statement = database_.prepare(std::string(kAttemptColumns) + "WHERE a.id = ?1");
  statement.bind(1, id);
  if (!statement.step()) return std::nullopt;
  return read_attempt_row(statement);
}

std::optional<OutputSetRow> find_output_set_row(Database& database, const OutputSetId& set) {
  auto statement = database.prepare("SELECT id, outcome FROM output_sets WHERE digest = ?1");
  statement.bind_blob(1, set.bytes());
  if (!statement.step()) return std::nullopt;
  RowReader row(statement);
  OutputSetRow found;
  found.id = row.integer();
  if (const auto outcome = row.optional_text()) found.outcome = parse_outcome(*outcome);
  return found;
}

std::map<OutputSetId, Outcome> outcomes_of(Database& database,
                                           const std::vector<OutputSetId>& sets) {
  std::map<OutputSetId, Outcome> outcomes;
  const auto digests =
      digests_of(sets, [](const OutputSetId& set) { return ByteView(set.bytes()); });
  query_digests(database, "SELECT digest, outcome FROM output_sets WHERE digest", digests, nullptr,
                [&](const Statement& statement) {
                  const auto set = OutputSetId(sha256_column(statement.blob(0)));
                  if (statement.is_null(1)) return;
                  const auto outcome = parse_outcome(statement.text(1));
                  if (outcome) outcomes.emplace(set, *outcome);
                });
  return outcomes;
}

std::int64_t forget_failures_of(Database& database, std::int64_t output_set) {
  return run(database, "DELETE FROM failures WHERE output_set = ?1", output_set);
}

std::vector<std::int64_t> jobsets_concerned(Database& database,
                                            std::optional<std::int64_t> output_set,
                                            std::optional<std::int64_t> derivation) {
  std::set<std::int64_t> jobsets;
  const auto take = [&](std::string_view sql, std::int64_t id) {
    auto statement = database.prepare(sql);
    statement.bind(1, id);
    while (statement.step()) jobsets.insert(statement.integer(0));
  };
  if (output_set) {
    take("SELECT DISTINCT coalesce(jobset, 0) FROM builds WHERE output_set = ?1", *output_set);
    take(
        "SELECT DISTINCT coalesce(b.jobset, 0) FROM steps s LEFT JOIN builds b ON b.id = s.build "
        "WHERE s.output_set = ?1",
        *output_set);
  }
  if (derivation) {
    take("SELECT DISTINCT coalesce(jobset, 0) FROM builds WHERE derivation = ?1", *derivation);
  }
  return {jobsets.begin(), jobsets.end()};
}

bool hides_anything(Database& database) {
  return find_integer(database, "SELECT id FROM projects WHERE hidden <> 0 LIMIT 1") ||
         find_integer(database, "SELECT id FROM jobsets WHERE hidden <> 0 LIMIT 1");
}

}  // namespace grange
