#include "pages/page_rows.h"

#include <nlohmann/json.hpp>

#include "pages/page_values.h"

namespace grange {
namespace {

std::string text_of(const ApiJson& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t number_of(const ApiJson& value) {
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

ApiJson count_or_nothing(const ApiJson& value) {
  const auto number = number_of(value);
  return number == 0 ? ApiJson() : ApiJson(count_text(number));
}

/// "hello-2.12" of "DIGEST-hello-2.12.drv"
std::string name_of_derivation(const std::string& derivation) {
  constexpr std::size_t kDigest = 33;
  constexpr std::string_view kSuffix = ".drv";
  if (derivation.size() <= kDigest + kSuffix.size()) return derivation;
  return derivation.substr(kDigest, derivation.size() - kDigest - kSuffix.size());
}

}  // namespace

std::string project_url(const ApiJson& project) {
  return "/project/" + url_part(text_of(project));
}

std::string jobset_url(const ApiJson& project, const ApiJson& jobset) {
  return "/jobset/" + url_part(text_of(project)) + "/" + url_part(text_of(jobset));
}

std::string derivation_url(const std::string& path) {
  return "/derivation/" + url_part(path.substr(path.rfind('/') + 1));
}

ApiJson counts_view(const ApiJson& counts) {
  const auto good = number_of(counts["good"]);
  const auto failed = number_of(counts["failed"]);
  const auto queued = number_of(counts["queued"]);
  const auto all = good + failed + queued;
  ApiJson view{{"good", count_or_nothing(counts["good"])},
               {"failed", count_or_nothing(counts["failed"])},
               {"queued", count_or_nothing(counts["queued"])},
               {"all", count_text(all)},
               {"any", all > 0},
               {"percent", nullptr},
               {"goodWidth", 0},
               {"failedWidth", 0}};
  if (all == 0) return view;
  view["goodWidth"] = good * 100 / all;
  view["failedWidth"] = failed == 0 ? 0 : std::max<std::int64_t>(1, failed * 100 / all);
  if (good + failed > 0) view["percent"] = std::to_string(good * 100 / (good + failed)) + " %";
  return view;
}

ApiJson jobset_row(const ApiJson& jobset, TimePoint now) {
  const auto problem =
      !text_of(jobset["problem"]).empty() || !text_of(jobset["fetchProblem"]).empty();
  ApiJson status;
  if (!jobset["evaluating"].is_null()) {
    status = status_view(nullptr, "running");
    status["word"] = "evaluating";
  } else if (!jobset["triggered"].is_null()) {
    status = status_view(nullptr, "queued");
    status["word"] = "evaluation asked for";
  } else if (problem) {
    status = status_view("failed");
    status["word"] = "evaluation failed";
  } else if (jobset["state"] == "off") {
    status = status_view("cancelled");
    status["word"] = "off";
  } else {
    status = status_view("good");
    status["word"] = jobset["lastChecked"].is_null() ? "not evaluated yet" : "up to date";
  }
  return {{"name", jobset["name"]},
          {"project", jobset["project"]},
          {"url", jobset_url(jobset["project"], jobset["name"])},
          {"description", jobset["description"]},
          {"state", jobset["state"]},
          {"hidden", jobset["hidden"]},
          {"status", std::move(status)},
          {"checked", time_view(jobset["lastChecked"], now)},
          {"counts", counts_view(jobset["builds"])}};
}

ApiJson evaluation_row(const ApiJson& evaluation, TimePoint now) {
  const auto& verdicts = evaluation["verdicts"];
  return {{"id", evaluation["id"]},
          {"url", "/eval/" + evaluation["id"].dump()},
          {"project", evaluation["project"]},
          {"jobset", evaluation["jobset"]},
          {"jobsetUrl", jobset_url(evaluation["project"], evaluation["jobset"])},
          {"status", status_view(evaluation["state"])},
          {"started", time_view(evaluation["started"], now)},
          {"duration", span_view(evaluation["started"], evaluation["finished"], now)},
          {"targets", count_text(number_of(evaluation["targets"]))},
          {"countedTargets", counted_text(number_of(evaluation["targets"]), "target")},
          {"errors", count_or_nothing(evaluation["errors"])},
          {"countedErrors", counted_text(number_of(evaluation["errors"]), "error")},
          {"changed", count_or_nothing(number_of(verdicts["changed"]) +
                                       number_of(verdicts["changed (unverified)"]))},
          {"equivalent", count_or_nothing(verdicts["equivalent"])},
          {"added", count_or_nothing(verdicts["new"])},
          {"removed", count_or_nothing(verdicts["removed"])},
          {"counts", counts_view(evaluation["builds"])}};
}

ApiJson build_row(const ApiJson& build, TimePoint now) {
  const bool is_running = !build["started"].is_null() && !build["finished"].get<bool>();
  return {{"id", build["id"]},
          {"url", "/build/" + build["id"].dump()},
          {"label", build["label"]},
          {"project", build["project"]},
          {"jobset", build["jobset"]},
          {"jobsetUrl", jobset_url(build["project"], build["jobset"])},
          {"name", build["name"]},
          {"system", build["system"]},
          {"status", status_view(build["outcome"], is_running ? "running" : "queued")},
          {"queued", time_view(build["queued"], now)},
          {"started", time_view(build["started"], now)},
          {"stopped", time_view(build["stopped"], now)},
          {"duration", span_view(build["started"], build["stopped"], now)}};
}

ApiJson step_row(const ApiJson& step, TimePoint now) {
  const auto derivation = text_of(step["derivation"]);
  const auto of_running = step.contains("phase");
  return {{"id", step["id"]},
          {"name", name_of_derivation(derivation)},
          {"derivation", derivation},
          {"build", step["build"]},
          {"url", step["build"].is_null() ? ApiJson() : ApiJson("/build/" + step["build"].dump())},
          {"phase", of_running ? step["phase"] : ApiJson()},
          {"status", status_view(of_running ? ApiJson() : step["outcome"], "running")},
          {"logUrl", "/step/" + step["id"].dump() + "/log"},
          {"started", time_view(step["started"], now)},
          {"duration", span_view(step["started"], of_running ? ApiJson() : step["stopped"], now)}};
}

ApiJson crumbs(const ApiJson& project, const ApiJson& jobset) {
  ApiJson way = ApiJson::array();
  if (project.is_string()) way.push_back({{"text", project}, {"url", project_url(project)}});
  if (jobset.is_string()) way.push_back({{"text", jobset}, {"url", jobset_url(project, jobset)}});
  return way;
}

}  // namespace grange
