#include <map>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "record/target_matrix.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"
#include "serve/page_request.h"

namespace grange {
namespace {

constexpr std::int64_t kUsualEvaluations = 20;
constexpr std::int64_t kMostEvaluations = 50;
constexpr std::size_t kMeasuredBuilds = 100;

std::size_t evaluations_parameter(const ApiCall& call) {
  const auto count = call.integer_parameter("evaluations").value_or(kUsualEvaluations);
  if (count < 1 || count > kMostEvaluations) {
    throw InvalidFieldsError(InvalidFieldsError::Fields{
        {"evaluations",
         "specified 1 to " + std::to_string(kMostEvaluations) + ", got " + std::to_string(count)}});
  }
  return static_cast<std::size_t>(count);
}

ApiJson cell_json(const std::optional<MatrixCell>& cell) {
  if (!cell) return nullptr;
  return {{"build", cell->build},
          {"outcome", cell->outcome ? ApiJson(to_string(*cell->outcome)) : ApiJson()}};
}

/// What became of the targets of a jobset in its newest complete evaluations.
ServerResponse get_matrix(ApiCall& call) {
  TargetQuery query;
  const auto limit = call.limit();
  query.limit = limit + 1;
  query.after = call.parameter("after").value_or("");
  query.contains = call.parameter("contains").value_or("");
  const auto columns = evaluations_parameter(call);
  const auto before = call.integer_parameter("before");
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto seen = seen_jobset(call, database, call.text("project"), call.text("jobset"));
    EvaluationHistory history(database);
    std::int64_t position = std::numeric_limits<std::int64_t>::max();
    if (before) {
      const auto evaluation = seen_evaluation(call, database, *before).evaluation;
      if (evaluation.jobset != seen.jobset.id || evaluation.position == 0) {
        throw InvalidFieldsError(InvalidFieldsError::Fields{
            {"before", "specified a complete evaluation of the jobset, got another one"}});
      }
      position = evaluation.position - 1;
    }
    auto evaluations = history.from_position(seen.jobset.id, position, columns + 1);
    const bool has_older = cut_to_page(evaluations, columns);
    ApiJson page{{"targets", ApiJson::array()}, {"evaluations", ApiJson::array()}};
    for (const auto& evaluation : evaluations) {
      page["evaluations"].push_back(api_evaluation(evaluation, seen.jobset));
    }
    std::vector<MatrixRow> rows;
    if (!evaluations.empty()) rows = target_matrix(database, evaluations, query);
    const bool has_more = cut_to_page(rows, limit);
    for (const auto& row : rows) {
      ApiJson cells = ApiJson::array();
      for (const auto& cell : row.cells) cells.push_back(cell_json(cell));
      page["targets"].push_back({{"label", row.label}, {"builds", std::move(cells)}});
    }
    page["older"] =
        call.next("before", has_older, [&] { return std::to_string(evaluations.back().id); });
    page["next"] = call.next("after", has_more, [&] { return rows.back().label; });
    return page;
  }));
}

/// What the newest builds of a target measured, by name, the oldest first.
ApiJson metrics_json(Database& database, const std::vector<BuildRow>& newest) {
  std::vector<std::int64_t> ids;
  for (auto build = newest.rbegin(); build != newest.rend(); ++build) ids.push_back(build->id);
  const auto reports = Builds(database).reports(ids);
  ApiJson metrics = ApiJson::object();
  for (const auto id : ids) {
    const auto report = reports.find(id);
    if (report == reports.end()) continue;
    for (const auto& metric : report->second.metrics) {
      auto& of_name = metrics[metric.name];
      of_name["unit"] = metric.unit;
      of_name["values"].push_back({{"build", id}, {"value", metric.value}});
    }
  }
  return metrics;
}

ServerResponse get_target(ApiCall& call) {
  const auto& label = call.text("label");
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto seen = seen_jobset(call, database, call.text("project"), call.text("jobset"));
    const auto* jobset = &seen.jobset;
    EvaluationHistory history(database);
    const auto last = history.last_complete(jobset->id);
    const auto present = last ? history.target(*last, label) : std::nullopt;
    BuildQuery query;
    query.jobset = jobset->id;
    query.label = label;
    query.with_hidden = true;  // that one is seen
    query.limit = kMeasuredBuilds;
    Builds builds(database);
    const auto newest = builds.list(query);
    if (newest.empty() && !present) {
      throw NotFoundError("jobset '" + jobset->full_name() + "' has no target '" +
                          printable(label) + "'");
    }
    query.limit = 1;
    query.outcome = Outcome::good;
    const auto good = builds.list(query);
    query.outcome.reset();
    query.finished = true;
    const auto ended = builds.list(query);
    const auto build_json = [&](const std::vector<BuildRow>& rows) {
      return rows.empty() ? ApiJson() : api_build(rows.front(), jobset);
    };
    return ApiJson{{"project", jobset->project_name},
                   {"jobset", jobset->settings.name},
                   {"label", label},
                   {"evaluation", last ? ApiJson(last->id) : ApiJson()},
                   {"build", present ? ApiJson(present->target.build) : ApiJson()},
                   {"latest", build_json(newest)},
                   {"latestFinished", build_json(ended)},
                   {"latestGood", build_json(good)},
                   {"metrics", metrics_json(database, newest)}};
  }));
}

}  // namespace

void add_target_routes(Router& router, const ApiContext& context) {
  const std::string jobset = "/api/v1/projects/{project}/jobsets/{jobset}";
  add_api_route(router, context, RequestMethod::get, jobset + "/targets", get_matrix);
  add_api_route(router, context, RequestMethod::get, jobset + "/targets/{label}", get_target);
}

}  // namespace grange
