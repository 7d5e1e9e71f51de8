#include <map>

#include <nlohmann/json.hpp>

#include "pages/farm_pages.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"

namespace grange {
namespace {

/// The builds of a project's jobsets together.
void add_counts(ApiJson& sum, const ApiJson& counts) {
  for (auto& [name, value] : sum.items()) {
    value = value.get<std::int64_t>() + counts[name].get<std::int64_t>();
  }
}

constexpr std::size_t kRunning = 20;

std::string first_line(const ApiJson& text) {
  const auto& whole = text.get_ref<const std::string&>();
  return whole.substr(0, std::min<std::size_t>(whole.find('\n'), 200));
}

ApiJson failing_row(const ApiJson& target, TimePoint now) {
  return {
      {"label", target["label"]},
      {"url", "/build/" + target["build"].dump()},
      {"base", target["baseBuild"]},
      {"baseUrl",
       target["baseBuild"].is_null() ? ApiJson() : ApiJson("/build/" + target["baseBuild"].dump())},
      {"project", target["project"]},
      {"jobset", target["jobset"]},
      {"jobsetUrl", jobset_url(target["project"], target["jobset"])},
      {"evaluation", target["evaluation"]},
      {"evaluationUrl", "/eval/" + target["evaluation"].dump() + "?show=newly-failing"},
      {"status", status_view(target["outcome"])},
      {"stopped", time_view(target["stopped"], now)}};
}

/// What somebody should look at, the most urgent first.
ApiJson attention_view(const PageCall& call) {
  const auto attention = call.get("/api/v1/attention?limit=15");
  const auto problem = [&](const ApiJson& jobset) -> ApiJson {
    const bool is_fetch = says_something(jobset["fetchProblem"]);
    return {{"project", jobset["project"]},
            {"jobset", jobset["jobset"]},
            {"url", jobset_url(jobset["project"], jobset["jobset"]) + "/errors"},
            {"what", is_fetch ? "inputs could not be fetched" : "evaluation failed"},
            {"status", status_view("failed")},
            {"words", first_line(jobset[is_fetch ? "fetchProblem" : "problem"])},
            {"since", time_view(jobset["since"], call.now)}};
  };
  const auto machine = [&](const ApiJson& one) -> ApiJson {
    const bool is_silent = one["silent"].get<bool>();
    return {{"name", one["name"]},
            {"url", "/machine/" + one["id"].dump()},
            {"status", status_view(is_silent ? "timed out" : "cancelled")},
            {"what", is_silent ? "not heard of" : "drained"},
            {"lastSeen", time_view(one["lastSeen"], call.now)}};
  };
  ApiJson view{{"failing", rows_of(attention["newlyFailing"],
                                   [&](const ApiJson& one) { return failing_row(one, call.now); })},
               {"problems", rows_of(attention["jobsets"], problem)},
               {"machines", rows_of(attention["machines"], machine)}};
  view["anyFailing"] = !view["failing"].empty();
  view["anyOther"] = !view["problems"].empty() || !view["machines"].empty();
  view["nothing"] = !view["anyFailing"].get<bool>() && !view["anyOther"].get<bool>();
  return view;
}

/// What becomes of a project as a whole: the worst of its jobsets, in a word.
struct ProjectSum {
  ApiJson counts{{"good", 0}, {"failed", 0}, {"queued", 0}};
  std::int64_t jobsets = 0;
  std::int64_t problems = 0;
  std::int64_t evaluating = 0;
};

ApiJson health_view(const ProjectSum& sum, bool enabled) {
  const auto with_word = [](ApiJson status, const std::string& word) {
    status["word"] = word;
    return status;
  };
  if (!enabled) return with_word(status_view("cancelled"), "off");
  if (sum.problems > 0) {
    return with_word(status_view("failed"),
                     count_text(sum.problems) +
                         (sum.problems == 1 ? " jobset with errors" : " jobsets with errors"));
  }
  if (sum.evaluating > 0) return with_word(status_view(nullptr, "running"), "evaluating");
  if (sum.counts["queued"] != 0) return with_word(status_view(nullptr, "running"), "building");
  if (sum.jobsets == 0) return with_word(status_view("unknown"), "no jobsets");
  return with_word(status_view("good"), "up to date");
}

ApiJson overview(PageCall& call) {
  std::map<std::string, ProjectSum> sums;
  const auto jobsets = call.get("/api/v1/jobsets?limit=1000");
  for (const auto& jobset : jobsets["jobsets"]) {
    auto& sum = sums[jobset["project"].get<std::string>()];
    add_counts(sum.counts, jobset["builds"]);
    ++sum.jobsets;
    if (says_something(jobset["problem"]) || says_something(jobset["fetchProblem"])) ++sum.problems;
    if (!jobset["evaluating"].is_null()) ++sum.evaluating;
  }
  const auto projects = call.get("/api/v1/projects?limit=1000")["projects"];
  const auto running = call.get("/api/v1/running");
  const auto evaluations = call.get("/api/v1/evaluations?limit=12")["evaluations"];
  const auto row = [&](const ApiJson& project) -> ApiJson {
    const auto& sum = sums[project["name"].get<std::string>()];
    return {{"name", project["name"]},
            {"url", project_url(project["name"])},
            {"displayName", project["displayName"]},
            {"description", project["description"]},
            {"hidden", project["hidden"]},
            {"status", health_view(sum, project["enabled"].get<bool>())},
            {"jobsets", count_text(sum.jobsets)},
            {"counts", counts_view(sum.counts)}};
  };
  ApiJson steps = ApiJson::array();
  for (const auto& step : running["running"]) {
    if (steps.size() == kRunning) break;
    steps.push_back(step_row(step, call.now));
  }
  const auto running_count = running["running"].size();
  return {{"title", "Overview"},
          {"attention", attention_view(call)},
          {"projects", rows_of(projects, row)},
          {"now", {{"steps", std::move(steps)}}},
          {"moreRunning", running_count > kRunning},
          {"runningCount", count_text(static_cast<std::int64_t>(running_count))},
          {"waitingCount", count_text(running["waiting"].get<std::int64_t>())},
          {"evaluations", rows_of(evaluations, [&](const ApiJson& one) {
             return evaluation_row(one, call.now);
           })}};
}

}  // namespace

void add_overview_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/", "overview", overview);
}

}  // namespace grange
