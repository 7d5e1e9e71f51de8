#include "pages/page_jobset.h"

#include <array>

#include <nlohmann/json.hpp>

#include "pages/farm_pages.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "pages/project_facts.h"

namespace grange {
namespace {

struct Tab {
  std::string_view name;
  std::string_view text;
  std::string_view path;
};
constexpr std::array<Tab, 5> kTabs{{{"evaluations", "Evaluations", ""},
                                    {"targets", "Targets", "/targets"},
                                    {"errors", "Errors", "/errors"},
                                    {"charts", "Charts", "/charts"},
                                    {"settings", "Settings", "/settings"}}};

}  // namespace

bool may_edit(const PageCall& call, Permission permission, const ApiJson& project) {
  const auto facts = project_facts(project);
  return may(call.identity, permission, &facts);
}

std::string jobset_api_url(const PageCall& call) {
  return "/api/v1/projects/" + url_part(call.text("project")) + "/jobsets/" +
         url_part(call.text("jobset"));
}

std::string jobset_parameters(const PageCall& call) {
  return "project=" + url_part(call.text("project")) + "&jobset=" + url_part(call.text("jobset"));
}

ApiJson jobset_head(const PageCall& call, const ApiJson& jobset, std::string_view tab) {
  const auto url = jobset_url(jobset["project"], jobset["name"]);
  const auto project = call.get("/api/v1/projects/" + url_part(call.text("project")));
  // What a file declares is changed there.
  const bool takes_more = project["declaredIn"].is_null();
  const bool is_ours = takes_more && jobset["declaredIn"].is_null();
  const bool has_problem =
      says_something(jobset["problem"]) || says_something(jobset["fetchProblem"]);
  ApiJson model{{"title", jobset["name"]},
                {"crumbs", crumbs(jobset["project"], nullptr)},
                {"url", url},
                {"apiUrl", jobset_api_url(call)},
                {"jobset", jobset_row(jobset, call.now)},
                {"description", jobset["description"]},
                {"mayEvaluate", may_edit(call, Permission::evaluate_jobset, project)},
                {"mayEdit", is_ours && may_edit(call, Permission::edit_jobset, project)},
                {"mayClone", takes_more && may_edit(call, Permission::edit_jobset, project)},
                {"mayDelete", is_ours && may_edit(call, Permission::delete_jobset, project)},
                {"deletion", deletion_view("jobset " + jobset["name"].get<std::string>(),
                                           jobset_api_url(call), project_url(jobset["project"]))},
                {"problem", jobset["problem"]},
                {"fetchProblem", jobset["fetchProblem"]},
                {"problemSince", time_view(jobset["problemSince"], call.now)},
                {"tabs", ApiJson::array()}};
  for (const auto& one : kTabs) {
    model["tabs"].push_back({{"text", one.text},
                             {"url", url + std::string(one.path)},
                             {"current", tab == one.name},
                             {"marked", one.name == "errors" && has_problem}});
  }
  return model;
}

ApiJson jobset_evaluations_page(PageCall& call) {
  const auto jobset = call.get(jobset_api_url(call));
  auto model = jobset_head(call, jobset, "evaluations");
  auto target = "/api/v1/evaluations?limit=50&" + jobset_parameters(call);
  const auto before = call.parameter("before");
  if (!before.empty()) target += "&before=" + url_part(before);
  const auto page = call.get(target);
  model["evaluations"] = rows_of(page["evaluations"],
                                 [&](const ApiJson& one) { return evaluation_row(one, call.now); });
  model["next"] = page["next"].is_null() || model["evaluations"].empty()
                      ? ApiJson()
                      : ApiJson(model["url"].get<std::string>() +
                                "?before=" + model["evaluations"].back()["id"].dump());
  return model;
}

void add_jobset_pages(Router& router, const PageSite& site) {
  const std::string jobset = "/jobset/{project}/{jobset}";
  add_page(router, site, jobset, "jobset", jobset_evaluations_page);
  add_page(router, site, jobset + "/evals", "jobset", jobset_evaluations_page);
  add_page(router, site, jobset + "/targets", "jobset_targets", jobset_targets_page);
  // As Hydra calls it.
  add_page(router, site, jobset + "/jobs-tab", "jobset_targets", jobset_targets_page);
  add_page(router, site, jobset + "/errors", "jobset_errors", jobset_errors_page);
  add_page(router, site, jobset + "/charts", "jobset_charts", jobset_charts_page);
  add_page(router, site, jobset + "/settings", "jobset_settings", jobset_settings_page);
}

}  // namespace grange
