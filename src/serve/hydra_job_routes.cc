#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "serve/hydra_json.h"
#include "serve/hydra_pages.h"
#include "serve/hydra_routes.h"

namespace grange {
namespace {

/// Of the job in the path.
BuildQuery query_of_job(const ApiCall& call, Database& database) {
  BuildQuery query;
  query.jobset = seen_jobset(call, database, call.text("project"), call.text("jobset")).jobset.id;
  query.label = call.text("job");
  query.with_hidden = true;  // that one is seen
  return query;
}

/// Hydra has only a page here. This is its lists' form of the newest builds.
ServerResponse hydra_get_job(ApiCall& call) {
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto seen = seen_jobset(call, database, call.text("project"), call.text("jobset"));
    auto query = query_of_job(call, database);
    query.limit = HydraPage::kLength;
    const auto rows = Builds(database).list(query);
    if (rows.empty()) throw NotFoundError("the jobset has no job of this name");
    HydraJson builds = HydraJson::array();
    for (const auto& row : rows) builds.push_back(hydra_short_build(row, &seen.jobset));
    return HydraJson{{"project", seen.jobset.project_name},
                     {"jobset", seen.jobset.settings.name},
                     {"job", call.text("job")},
                     {"builds", std::move(builds)}};
  }));
}

/// The newest good build, of one system where the path names one.
ServerResponse hydra_latest_build(ApiCall& call) {
  const auto id = call.farm().database().read([&](Database& database) {
    auto query = query_of_job(call, database);
    query.outcome = Outcome::good;
    if (!call.text("system").empty()) query.system = call.text("system");
    query.limit = 1;
    const auto rows = Builds(database).list(query);
    if (rows.empty()) throw NotFoundError("the job has no build that is good");
    return rows.front().id;
  });
  return hydra_redirect(call, hydra_path("/build/", id, call.text("rest")));
}

ServerResponse hydra_latest_finished(ApiCall& call) {
  const auto id = call.farm().database().read([&](Database& database) {
    const auto query = query_of_job(call, database);
    const auto found =
        EvaluationHistory(database).newest_good_build_ended(*query.jobset, *query.label);
    if (!found) throw NotFoundError("no evaluation that has ended has a good build of the job");
    return *found;
  });
  return hydra_redirect(call, hydra_path("/build/", id, call.text("rest")));
}

ServerResponse hydra_shield(ApiCall& call) {
  return api_answer(call.farm().database().read([&](Database& database) {
    auto query = query_of_job(call, database);
    query.finished = true;
    query.limit = 1;
    const auto rows = Builds(database).list(query);
    return hydra_badge(rows.empty() ? std::nullopt : rows.front().outcome);
  }));
}

}  // namespace

void add_hydra_job_routes(Router& router, const ApiContext& context) {
  const auto get = [&](const std::string& pattern, ApiHandler handler) {
    add_hydra_route(router, context, RequestMethod::get, "/job/{project}/{jobset}/{job}" + pattern,
                    std::move(handler));
  };
  get("", hydra_get_job);
  get("/shield", hydra_shield);
  for (const std::string rest : {"", "/{rest*}"}) {
    get("/latest" + rest, hydra_latest_build);
    get("/latest-for/{system}" + rest, hydra_latest_build);
    get("/latest-finished" + rest, hydra_latest_finished);
  }
}

}  // namespace grange
