#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "serve/hydra_json.h"
#include "serve/hydra_pages.h"
#include "serve/hydra_routes.h"

namespace grange {
namespace {

constexpr std::size_t kMostTargets = 1'000'000;

HydraJson hydra_project_of(const ApiCall& call, Database& database, const Project& project) {
  std::vector<std::string> names;
  for (const auto& jobset :
       seen_jobsets(call, database, Jobsets(database).of_project(project.id))) {
    names.push_back(jobset.settings.name);
  }
  return hydra_project(project, names);
}

ServerResponse hydra_root(ApiCall& call) {
  if (!asks_for_json(call.http.request)) throw NotFoundError("there is no page here");
  auto response = api_answer(call.farm().database().read([&](Database& database) {
    HydraJson list = HydraJson::array();
    Projects projects(database);
    for (const auto& project : projects.all()) {
      const ProjectFacts facts{
          project.settings.hidden, project.settings.owner,
          project.settings.hidden ? projects.members(project.id) : std::vector<std::string>()};
      if (!may(call.identity, Permission::read, &facts)) continue;
      list.push_back(hydra_project_of(call, database, project));
    }
    return list;
  }));
  response.headers.set("Vary", "Accept");
  return response;
}

/// Old names redirect to the present one, as those of jobsets do.
ServerResponse hydra_get_project(ApiCall& call) {
  const auto& name = call.text("project");
  std::optional<std::string> renamed;
  const auto answer = call.farm().database().read([&](Database& database) {
    Projects projects(database);
    if (!projects.find(name)) renamed = seen_new_name(call, database, name);
    if (renamed) return HydraJson();
    return hydra_project_of(call, database, seen_project(call, database, name).project);
  });
  if (renamed) return hydra_redirect(call, "/project/" + *renamed, 301);
  return api_answer(answer);
}

ServerResponse hydra_get_jobset(ApiCall& call) {
  const auto& project = call.text("project");
  const auto& name = call.text("jobset");
  std::optional<std::string> renamed;
  const auto answer = call.farm().database().read([&](Database& database) {
    const auto parent = seen_project(call, database, project);
    Jobsets jobsets(database);
    if (!jobsets.find(parent.project.id, name)) {
      renamed = seen_new_name(call, database, parent.project.id, name);
    }
    if (renamed) return HydraJson();
    return hydra_jobset(seen_jobset(call, database, project, name).jobset);
  });
  if (renamed) return hydra_redirect(call, "/jobset/" + project + "/" + *renamed, 301);
  return api_answer(answer);
}

ServerResponse hydra_jobset_evaluations(ApiCall& call) {
  auto page = hydra_page_of(call);
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto seen = seen_jobset(call, database, call.text("project"), call.text("jobset"));
    EvaluationHistory history(database);
    const auto last = history.last_complete(seen.jobset.id);
    page.total = last ? last->position : 0;
    HydraJson list = HydraJson::array();
    for (const auto& row :
         history.from_position(seen.jobset.id, page.total - page.skipped(), HydraPage::kLength)) {
      list.push_back(hydra_evaluation(row, history.inputs(row.id), history.builds(row)));
    }
    return hydra_evaluation_list(std::move(list), page);
  }));
}

/// The newest evaluation whose builds have all ended.
ServerResponse hydra_latest_evaluation(ApiCall& call) {
  const auto id = call.farm().database().read([&](Database& database) {
    const auto seen = seen_jobset(call, database, call.text("project"), call.text("jobset"));
    EvaluationHistory history(database);
    const auto last = history.last_complete(seen.jobset.id);
    constexpr std::int64_t kTogether = 100;
    for (auto at = last ? last->position : 0; at > 0; at -= kTogether) {
      for (const auto& row : history.from_position(seen.jobset.id, at, kTogether)) {
        if (row.queued == 0) return row.id;
      }
    }
    throw NotFoundError("no evaluation of this jobset has ended");
  });
  return hydra_redirect(call, hydra_path("/eval/", id, call.text("rest")));
}

ServerResponse hydra_get_evaluation(ApiCall& call) {
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto seen = seen_evaluation(call, database, call.number("id"));
    EvaluationHistory history(database);
    return hydra_evaluation(seen.evaluation, history.inputs(seen.evaluation.id),
                            history.builds(seen.evaluation));
  }));
}

ServerResponse hydra_evaluation_builds(ApiCall& call) {
  auto builds = call.farm().database().read([&](Database& database) {
    const auto seen = seen_evaluation(call, database, call.number("id"));
    return EvaluationHistory(database).builds(seen.evaluation);
  });
  return hydra_build_stream(call, std::move(builds));
}

/// Of all outputs of its good builds.
ServerResponse hydra_store_paths(ApiCall& call) {
  const auto& store_dir = call.farm().workshop().config().store_dir;
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto seen = seen_evaluation(call, database, call.number("id"));
    TargetQuery query;
    query.limit = kMostTargets;
    std::vector<std::int64_t> good;
    for (const auto& target : EvaluationHistory(database).targets(seen.evaluation, query)) {
      if (target.outcome == Outcome::good) good.push_back(target.target.build);
    }
    HydraJson list = HydraJson::array();
    for (const auto& [build, outputs] : Builds(database).outputs(good)) {
      for (const auto& [name, path] : outputs) list.push_back(store_dir.print(path));
    }
    return list;
  }));
}

ServerResponse hydra_evaluation_job(ApiCall& call) {
  const auto build = call.farm().database().read([&](Database& database) {
    const auto seen = seen_evaluation(call, database, call.number("id"));
    const auto target = EvaluationHistory(database).target(seen.evaluation, call.text("job"));
    if (!target) throw NotFoundError("the evaluation has no job of this name");
    return target->target.build;
  });
  return hydra_redirect(call, hydra_path("/build/", build, call.text("rest")));
}

}  // namespace

void add_hydra_project_routes(Router& router, const ApiContext& context) {
  const auto get = [&](std::string_view pattern, ApiHandler handler) {
    add_hydra_route(router, context, RequestMethod::get, pattern, std::move(handler));
  };
  get("/", hydra_root);
  get("/project/{project}", hydra_get_project);
  get("/jobset/{project}/{jobset}", hydra_get_jobset);
  get("/jobset/{project}/{jobset}/evals", hydra_jobset_evaluations);
  get("/jobset/{project}/{jobset}/latest-eval", hydra_latest_evaluation);
  get("/jobset/{project}/{jobset}/latest-eval/{rest*}", hydra_latest_evaluation);
  get("/eval/{id}", hydra_get_evaluation);
  get("/eval/{id}/builds", hydra_evaluation_builds);
  get("/eval/{id}/store-paths", hydra_store_paths);
  get("/eval/{id}/job/{job}", hydra_evaluation_job);
  get("/eval/{id}/job/{job}/{rest*}", hydra_evaluation_job);
}

}  // namespace grange
