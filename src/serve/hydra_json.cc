#include "serve/hydra_json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "record/public_export.h"

namespace grange {
namespace {

HydraJson hydra_time(const std::optional<TimePoint>& time) {
  return time ? HydraJson(to_unix(*time)) : HydraJson();
}

HydraJson text_or_null(const std::string& text) {
  return text.empty() ? HydraJson() : HydraJson(text);
}

HydraJson hydra_product(const BuildProduct& product) {
  return {{"type", product.type},
          {"subtype", product.subtype},
          {"name", product.name},
          {"filesize", product.size ? HydraJson(*product.size) : HydraJson()},
          {"sha256hash",
           product.sha256 ? HydraJson(product.sha256->digits(HashFormat::base16)) : HydraJson()},
          {"path", product.path},
          {"defaultpath", product.default_path}};
}

HydraJson project_name_of(const Jobset* jobset) {
  return jobset != nullptr ? HydraJson(jobset->project_name) : HydraJson();
}

HydraJson jobset_name_of(const Jobset* jobset) {
  return jobset != nullptr ? HydraJson(jobset->settings.name) : HydraJson();
}

}  // namespace

int hydra_build_status(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::good:
      return 0;
    case Outcome::failed:
    case Outcome::output_rejected:
    case Outcome::hash_mismatch:
      return 1;
    case Outcome::dependency_failed:
      return 2;
    case Outcome::aborted:
    case Outcome::unknown:
      return 3;
    case Outcome::cancelled:
      return 4;
    case Outcome::failed_with_output:
      return 6;
    case Outcome::timed_out:
      return 7;
    case Outcome::unsupported:
      return 9;
    case Outcome::log_limit_exceeded:
      return 10;
    case Outcome::not_deterministic:
      return 12;
  }
  return 3;
}

HydraJson hydra_project(const Project& project, const std::vector<std::string>& jobsets) {
  const auto& settings = project.settings;
  return {{"name", settings.name},
          {"displayname", settings.display_name},
          {"description", settings.description},
          {"homepage", settings.homepage},
          {"owner", settings.owner},
          {"enabled", settings.enabled},
          {"hidden", settings.hidden},
          {"enable_dynamic_run_command", false},
          {"jobsets", jobsets}};
}

HydraJson hydra_jobset(const Jobset& jobset) {
  const auto& settings = jobset.settings;
  const auto& status = jobset.status;
  const bool is_flake = !settings.flake.empty();
  HydraJson inputs = HydraJson::object();
  for (const auto& [name, input] : settings.inputs) {
    inputs[name] = {
        {"name", name}, {"type", input.type}, {"value", input.value}, {"emailresponsible", false}};
  }
  return {{"name", settings.name},
          {"project", jobset.project_name},
          {"description", settings.description},
          {"nixexprinput", settings.expression_input},
          {"nixexprpath", settings.expression_path},
          {"errormsg", status.problem},
          {"emailoverride", ""},
          {"fetcherrormsg", status.fetch_problem},
          {"type", is_flake ? 1 : 0},
          {"flake", settings.flake},
          {"errortime", hydra_time(status.problem_since)},
          {"lastcheckedtime", hydra_time(status.last_checked)},
          {"triggertime", hydra_time(status.triggered)},
          {"starttime", hydra_time(status.evaluating)},
          {"enabled", static_cast<int>(settings.state)},
          {"keepnr", settings.keep},
          {"checkinterval", settings.check_interval},
          {"schedulingshares", settings.shares},
          {"enableemail", false},
          {"enable_dynamic_run_command", false},
          {"visible", !settings.hidden},
          {"inputs", std::move(inputs)}};
}

HydraJson hydra_jobset_overview(const Jobset& jobset) {
  const auto& status = jobset.status;
  return {{"project", jobset.project_name},
          {"name", jobset.settings.name},
          {"nrscheduled", status.queued_builds},
          {"nrsucceeded", status.good_builds},
          {"nrfailed", status.failed_builds},
          {"nrtotal", status.queued_builds + status.good_builds + status.failed_builds},
          {"lastcheckedtime", hydra_time(status.last_checked)},
          {"starttime", hydra_time(status.evaluating)},
          {"checkinterval", jobset.settings.check_interval},
          {"triggertime", hydra_time(status.triggered)},
          {"fetcherrormsg", status.fetch_problem},
          {"errortime", hydra_time(status.problem_since)},
          {"haserrormsg", !status.problem.empty()}};
}

HydraJson hydra_build(const BuildRow& build, const Jobset* jobset, const HydraBuildParts& parts,
                      const StoreDir& store_dir) {
  HydraJson outputs = HydraJson::object();
  for (const auto& [name, path] : parts.outputs) {
    outputs[name] = {{"path", store_dir.print(path)}};
  }
  HydraJson products = HydraJson::object();
  std::size_t number = 0;
  for (const auto& product : parts.report.products) {
    products[std::to_string(++number)] = hydra_product(product);
  }
  HydraJson metrics = HydraJson::object();
  for (const auto& metric : parts.report.metrics) {
    metrics[metric.name] = {{"value", metric.value}, {"unit", text_or_null(metric.unit)}};
  }
  return {
      {"id", build.id},
      {"finished", build.finished() ? 1 : 0},
      {"timestamp", to_unix(build.queued)},
      {"starttime", hydra_time(build.started)},
      {"stoptime", hydra_time(build.stopped)},
      {"project", project_name_of(jobset)},
      {"jobset", jobset_name_of(jobset)},
      {"job", build.label},
      {"nixname", build.name},
      {"system", build.system},
      {"priority", build.priority},
      {"buildstatus", build.outcome ? HydraJson(hydra_build_status(*build.outcome)) : HydraJson()},
      {"releasename", text_or_null(build.release_name)},
      {"drvpath", store_dir.str() + "/" + build.derivation_name},
      {"jobsetevals", parts.evaluations},
      {"buildoutputs", std::move(outputs)},
      {"buildproducts", std::move(products)},
      {"buildmetrics", std::move(metrics)}};
}

HydraJson hydra_short_build(const BuildRow& build, const Jobset* jobset) {
  HydraJson json{{"id", build.id},
                 {"project", project_name_of(jobset)},
                 {"jobset", jobset_name_of(jobset)},
                 {"job", build.label},
                 {"system", build.system},
                 {"nixname", build.name},
                 {"finished", build.finished() ? 1 : 0},
                 {"timestamp", to_unix(build.queued)}};
  if (build.outcome) {
    json["buildstatus"] = hydra_build_status(*build.outcome);
  } else {
    json["priority"] = build.priority;
  }
  return json;
}

HydraJson hydra_evaluation(const EvaluationRow& evaluation,
                           const std::vector<EvaluationInputRow>& inputs,
                           const std::vector<std::int64_t>& builds) {
  const auto& verdicts = evaluation.verdicts;
  const bool has_new = evaluation.base == 0 || verdicts.equivalent + verdicts.changed +
                                                       verdicts.unverified + verdicts.added +
                                                       verdicts.removed !=
                                                   0;
  const auto ended = evaluation.finished.value_or(evaluation.started);
  const auto took = static_cast<std::int64_t>(Seconds(ended - evaluation.started).count() -
                                              evaluation.fetch_seconds);
  HydraJson by_name = HydraJson::object();
  for (const auto& input : inputs) {
    by_name[input.name] = {{"revision", text_or_null(input.revision)},
                           {"value", text_or_null(without_credentials(input.value, true))},
                           {"type", input.type},
                           {"uri", text_or_null(input.uri)},
                           {"dependency", HydraJson()}};
  }
  return {{"id", evaluation.id},
          {"timestamp", to_unix(ended)},
          {"checkouttime", static_cast<std::int64_t>(evaluation.fetch_seconds)},
          {"evaltime", std::max<std::int64_t>(took, 0)},
          {"hasnewbuilds", has_new ? 1 : 0},
          {"flake", HydraJson()},
          {"builds", builds},
          {"jobsetevalinputs", std::move(by_name)}};
}

std::int64_t HydraPage::last() const {
  return std::max<std::int64_t>((total + kLength - 1) / kLength, 1);
}

HydraJson hydra_evaluation_list(HydraJson list, const HydraPage& page) {
  const auto link = [](std::int64_t number) { return "?page=" + std::to_string(number); };
  HydraJson json{{"evals", std::move(list)}, {"first", link(1)}};
  if (page.number > 1) json["previous"] = link(page.number - 1);
  if (page.number < page.last()) json["next"] = link(page.number + 1);
  json["last"] = link(page.last());
  return json;
}

HydraJson hydra_step(const StepRow& step, std::int64_t number, HydraJson build,
                     const StoreDir& store_dir) {
  return {{"machine", step.machine == 0 ? "localhost" : std::to_string(step.machine)},
          {"system", step.system},
          {"stepnr", number},
          {"drvpath", store_dir.str() + "/" + step.derivation},
          {"starttime", to_unix(step.started)},
          {"resolveddrvpath", HydraJson()},
          {"build", std::move(build)}};
}

HydraJson hydra_badge(const std::optional<Outcome>& outcome) {
  const bool is_good = outcome == Outcome::good;
  return {{"schemaVersion", 1},
          {"label", "hydra build"},
          {"color", !outcome  ? "inactive"
                    : is_good ? "green"
                              : "red"},
          {"message", !outcome  ? "no builds"
                      : is_good ? "passing"
                                : "failing"}};
}

}  // namespace grange
