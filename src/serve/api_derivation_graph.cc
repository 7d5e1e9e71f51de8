#include <set>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "record/attempt_history.h"
#include "record/derivation_neighbours.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"
#include "serve/api_sight.h"

namespace grange {
namespace {

constexpr std::int64_t kDeepestGraph = 1000;
constexpr std::size_t kMostNodes = 2000;

struct NewestBuild {
  std::int64_t id = 0;
  std::optional<Outcome> outcome;
};

/// The newest build of each that is seen. One question for all.
std::map<std::int64_t, NewestBuild> newest_builds(Database& database, Sight& sight,
                                                  const std::vector<std::int64_t>& derivations) {
  auto statement = database.prepare(
      "SELECT derivation, id, coalesce(jobset, 0), outcome FROM builds WHERE derivation " +
      database.one_of(1, Database::ListOf::integers) + " ORDER BY id");
  statement.bind_integers(1, derivations);
  std::map<std::int64_t, NewestBuild> newest;
  struct Row {
    std::int64_t derivation, id, jobset;
    std::optional<Outcome> outcome;
  };
  std::vector<Row> rows;
  while (statement.step()) {
    rows.push_back({statement.integer(0), statement.integer(1), statement.integer(2),
                    statement.is_null(3) ? std::nullopt : parse_outcome(statement.text(3))});
  }
  for (const auto& row : rows) {
    if (sight.sees_jobset(row.jobset)) newest[row.derivation] = {row.id, row.outcome};
  }
  return newest;
}

std::set<std::string> running_derivations(const ApiCall& call) {
  std::set<std::string> names;
  for (const auto& step : call.farm().driver().running()) names.insert(step.derivation.base_name());
  return names;
}

ApiJson graph_json(const ApiCall& call, Database& database, const DerivationNeighbours& found) {
  Derivations derivations(database);
  Sight sight(call, database);
  std::map<std::int64_t, DerivationRow> rows;
  for (auto& row : derivations.find(std::span<const std::int64_t>(found.ids))) {
    const auto id = row.id;
    rows.emplace(id, std::move(row));
  }
  const auto builds = newest_builds(database, sight, found.ids);
  const auto running = running_derivations(call);
  std::vector<OutputSetId> sets;
  for (const auto& [id, row] : rows) {
    if (row.output_set && !builds.contains(id)) sets.push_back(*row.output_set);
  }
  const auto outcomes = outcomes_of(database, sets);
  ApiJson nodes = ApiJson::array();
  for (std::size_t i = 0; i < found.ids.size(); ++i) {
    const auto& row = rows.at(found.ids[i]);
    const auto name = row.path.base_name();
    const auto build = builds.find(row.id);
    std::optional<Outcome> outcome;
    if (build != builds.end()) outcome = build->second.outcome;
    const bool is_seen = sight.sees_derivation(row);
    if (build == builds.end() && is_seen && row.output_set) {
      const auto known = outcomes.find(*row.output_set);
      if (known != outcomes.end()) outcome = known->second;
    }
    nodes.push_back({{"id", row.id},
                     {"derivation", name},
                     {"system", row.system},
                     {"level", found.levels[i]},
                     {"seen", is_seen},
                     {"build", build != builds.end() ? ApiJson(build->second.id) : ApiJson()},
                     {"outcome", outcome ? ApiJson(to_string(*outcome)) : ApiJson()},
                     {"running", is_seen && running.contains(name)}});
  }
  ApiJson edges = ApiJson::array();
  for (const auto& edge : found.edges) {
    edges.push_back({{"user", edge.user}, {"input", edge.input}});
  }
  return {{"nodes", std::move(nodes)},
          {"edges", std::move(edges)},
          {"cut", found.cut},
          {"unread", found.unread}};
}

ServerResponse get_graph(ApiCall& call) {
  const auto direction = call.parameter("direction").value_or("inputs");
  if (direction != "inputs" && direction != "users") {
    throw InvalidFieldsError(InvalidFieldsError::Fields{
        {"direction", "specified inputs or users, got '" + printable(direction) + "'"}});
  }
  const auto depth = call.integer_parameter("depth").value_or(1);
  if (depth < 1 || depth > kDeepestGraph) {
    throw InvalidFieldsError(
        InvalidFieldsError::Fields{{"depth", "specified 1 to " + std::to_string(kDeepestGraph)}});
  }
  NeighbourQuery query;
  query.depth = static_cast<std::size_t>(depth);
  query.limit = call.limit(500, kMostNodes);
  return api_answer(call.farm().database().read([&](Database& database) {
    query.derivation = seen_derivation(call, database, call.text("derivation")).id;
    Sight sight(call, database);
    if (!sight.sees_everything()) {
      query.is_open = [&](std::int64_t id) {
        const auto row = Derivations(database).find(id);
        return row && sight.sees_derivation(*row);
      };
    }
    return graph_json(
        call, database,
        direction == "inputs" ? inputs_around(database, query) : users_around(database, query));
  }));
}

}  // namespace

void add_derivation_graph_routes(Router& router, const ApiContext& context) {
  add_api_route(router, context, RequestMethod::get, "/api/v1/derivations/{derivation}/graph",
                get_graph);
}

}  // namespace grange
