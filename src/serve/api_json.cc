#include "serve/api_json.h"

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>

namespace grange {
namespace {

ApiJson optional_time(const std::optional<TimePoint>& time) {
  return time ? ApiJson(api_time(*time)) : ApiJson();
}

}  // namespace

void make_room(ApiJson& object, std::size_t more) {
  auto& members = object.get_ref<ApiJson::object_t&>();
  ApiJson::object_t roomy;
  roomy.reserve(members.size() + more);
  for (auto& [name, value] : members) roomy.emplace_back(name, std::move(value));
  members.swap(roomy);
}

ApiJson api_realisation(const Realisation& realisation, const StoreDir& store) {
  ApiJson dependencies = ApiJson::object();
  for (const auto& [output, path] : realisation.dependencies) {
    dependencies[output.to_string()] = store.print(path);
  }
  return {{"drvOutput", realisation.id.to_string()},
          {"path", store.print(realisation.out_path)},
          {"signatures", realisation.signatures},
          {"dependencies", std::move(dependencies)}};
}

ApiJson optional_number(std::int64_t number) {
  return number != 0 ? ApiJson(number) : ApiJson();
}

std::string api_time(TimePoint time) {
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
  const auto seconds = micros >= 0 ? micros / 1'000'000 : (micros - 999'999) / 1'000'000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::time_t{seconds}),
                     micros - seconds * 1'000'000);
}

std::optional<TimePoint> parse_api_time(std::string_view text) {
  // "2026-01-31T12:00:00", then ".5", then "Z" or "+01:00".
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= kShape.size() || text.size() > 40) return std::nullopt;
  const auto is_digit = [&](std::size_t at) {
    return at < text.size() && text[at] >= '0' && text[at] <= '9';
  };
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == 'd' ? !is_digit(i) : text[i] != kShape[i]) return std::nullopt;
  }
  const auto two = [&](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  const std::chrono::year_month_day day{std::chrono::year(two(0) * 100 + two(2)),
                                        std::chrono::month(static_cast<unsigned>(two(5))),
                                        std::chrono::day(static_cast<unsigned>(two(8)))};
  if (!day.ok() || two(11) > 23 || two(14) > 59 || two(17) > 60) return std::nullopt;
  std::chrono::microseconds time = std::chrono::sys_days(day).time_since_epoch();
  time +=
      std::chrono::hours(two(11)) + std::chrono::minutes(two(14)) + std::chrono::seconds(two(17));
  std::size_t at = kShape.size();
  if (text[at] == '.') {
    if (!is_digit(++at)) return std::nullopt;
    for (std::int64_t unit = 100'000; is_digit(at); ++at, unit /= 10) {
      time += std::chrono::microseconds((text[at] - '0') * unit);
    }
  }
  const auto zone = text.substr(at);
  if (zone == "Z") return TimePoint(time);
  const bool is_offset = zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') &&
                         is_digit(at + 1) && is_digit(at + 2) && zone[3] == ':' &&
                         is_digit(at + 4) && is_digit(at + 5);
  if (!is_offset || two(at + 1) > 23 || two(at + 4) > 59) return std::nullopt;
  const auto offset = std::chrono::hours(two(at + 1)) + std::chrono::minutes(two(at + 4));
  return TimePoint(zone[0] == '+' ? time - offset : time + offset);
}

std::string_view to_string(JobsetState state) noexcept {
  switch (state) {
    case JobsetState::off:
      return "off";
    case JobsetState::on:
      return "on";
    case JobsetState::one_shot:
      return "one-shot";
    case JobsetState::one_at_a_time:
      return "one-at-a-time";
  }
  return "";
}

std::optional<JobsetState> parse_jobset_state(std::string_view text) noexcept {
  for (const auto state :
       {JobsetState::off, JobsetState::on, JobsetState::one_shot, JobsetState::one_at_a_time}) {
    if (to_string(state) == text) return state;
  }
  return std::nullopt;
}

ApiJson api_project(const Project& project) {
  const auto& settings = project.settings;
  return {{"id", project.id},
          {"name", settings.name},
          {"displayName", settings.display_name},
          {"description", settings.description},
          {"homepage", settings.homepage},
          {"owner", settings.owner},
          {"enabled", settings.enabled},
          {"hidden", settings.hidden},
          {"declaredIn", project.declared_in.empty() ? ApiJson() : ApiJson(project.declared_in)},
          {"version", project.version}};
}

ApiJson api_jobset(const Jobset& jobset) {
  const auto& settings = jobset.settings;
  const auto& status = jobset.status;
  ApiJson inputs = ApiJson::object();
  for (const auto& [name, input] : settings.inputs) {
    inputs[name] = {{"type", input.type}, {"value", input.value}};
  }
  return {{"id", jobset.id},
          {"project", jobset.project_name},
          {"name", settings.name},
          {"description", settings.description},
          {"state", to_string(settings.state)},
          {"hidden", settings.hidden},
          {"flake", settings.flake},
          {"expressionInput", settings.expression_input},
          {"expressionPath", settings.expression_path},
          {"checkInterval", settings.check_interval},
          {"shares", settings.shares},
          {"keep", settings.keep},
          {"allowImportFromDerivation", settings.allow_import_from_derivation},
          {"inputs", std::move(inputs)},
          {"declaredIn", jobset.declared_in.empty() ? ApiJson() : ApiJson(jobset.declared_in)},
          {"version", jobset.version},
          {"lastChecked", optional_time(status.last_checked)},
          {"triggered", optional_time(status.triggered)},
          {"evaluating", optional_time(status.evaluating)},
          {"fetchProblem", status.fetch_problem},
          {"problem", status.problem},
          {"problemSince", optional_time(status.problem_since)},
          {"builds",
           {{"queued", status.queued_builds},
            {"good", status.good_builds},
            {"failed", status.failed_builds}}}};
}

ApiJson api_evaluation(const EvaluationRow& evaluation, const Jobset& jobset) {
  const auto& verdicts = evaluation.verdicts;
  return {
      {"id", evaluation.id},
      {"project", jobset.project_name},
      {"jobset", jobset.settings.name},
      {"state", to_string(evaluation.state)},
      {"position", optional_number(evaluation.position)},
      {"base", optional_number(evaluation.base)},
      {"started", api_time(evaluation.started)},
      {"finished", optional_time(evaluation.finished)},
      {"fetchSeconds", evaluation.fetch_seconds},
      {"problem", evaluation.problem},
      {"targets", evaluation.targets},
      {"errors", evaluation.errors},
      {"verdicts",
       {{"same", verdicts.same},
        {"equivalent", verdicts.equivalent},
        {"changed", verdicts.changed},
        {"changed (unverified)", verdicts.unverified},
        {"new", verdicts.added},
        {"removed", verdicts.removed}}},
      {"builds",
       {{"queued", evaluation.queued}, {"good", evaluation.good}, {"failed", evaluation.failed}}},
      {"outputSize", evaluation.output_size ? ApiJson(*evaluation.output_size) : ApiJson()},
      {"closureSize", evaluation.closure_size ? ApiJson(*evaluation.closure_size) : ApiJson()}};
}

ApiJson api_commit(const CommitRow& commit) {
  return {{"id", commit.id},
          {"uri", commit.uri},
          {"branch", commit.branch.empty() ? ApiJson() : ApiJson(commit.branch)},
          {"revision", commit.revision},
          {"author", commit.author},
          {"authored", api_time(commit.authored)},
          {"subject", commit.subject},
          {"firstSeen", api_time(commit.first_seen)}};
}

ApiJson api_target(const TargetView& view) {
  const auto outcome = [](const std::optional<Outcome>& value) {
    return value ? ApiJson(to_string(*value)) : ApiJson();
  };
  return {{"label", view.target.label},
          {"verdict", view.verdict ? ApiJson(to_string(*view.verdict)) : ApiJson()},
          {"build", view.target.build},
          {"outcome", outcome(view.outcome)},
          {"baseBuild", optional_number(view.base_build)},
          {"baseOutcome", outcome(view.base_outcome)},
          {"derivation", view.derivation_name},
          {"system", view.system}};
}

ApiJson api_build(const BuildRow& build, const Jobset* jobset) {
  return {{"id", build.id},
          {"project", jobset != nullptr ? ApiJson(jobset->project_name) : ApiJson()},
          {"jobset", jobset != nullptr ? ApiJson(jobset->settings.name) : ApiJson()},
          {"label", build.label},
          {"name", build.name},
          {"system", build.system},
          {"derivation", build.derivation_name},
          {"evaluation", optional_number(build.evaluation)},
          {"outcome", build.outcome ? ApiJson(to_string(*build.outcome)) : ApiJson()},
          {"finished", build.finished()},
          {"made", build.made},
          {"priority", build.priority},
          {"bumped", build.bumped != 0},
          {"keep", build.keep},
          {"queued", api_time(build.queued)},
          {"started", optional_time(build.started)},
          {"stopped", optional_time(build.stopped)},
          {"tries", build.tries},
          {"retryAt", optional_time(build.retry_at)},
          {"message", build.message},
          {"releaseName", build.release_name.empty() ? ApiJson() : ApiJson(build.release_name)},
          {"size", build.size},
          {"closureSize", build.closure_size}};
}

ApiJson api_step(const StepRow& step) {
  return {{"id", step.id},
          {"derivation", step.derivation},
          {"outputSet", step.output_set ? ApiJson(step.output_set->to_string()) : ApiJson()},
          {"build", optional_number(step.build)},
          {"machine", optional_number(step.machine)},
          {"system", step.system},
          {"how", step.how},
          {"outcome", step.outcome ? ApiJson(to_string(*step.outcome)) : ApiJson()},
          {"started", api_time(step.started)},
          {"stopped", optional_time(step.stopped)},
          {"message", step.message}};
}

ApiJson api_running_step(const RunningStep& step) {
  return {{"id", step.id},
          {"derivation", step.derivation.base_name()},
          {"build", optional_number(step.build)},
          {"system", step.system},
          {"phase", step.phase},
          {"started", api_time(step.started)}};
}

ApiJson api_waiting(const WaitingBuild& waiting) {
  const auto of_step = [](const WaitingStep& step) -> ApiJson {
    return {{"derivation", step.derivation},
            {"reason", step.reason},
            {"words", step.words},
            {"derivations", step.steps},
            {"until", step.until ? ApiJson(api_time(*step.until)) : ApiJson()}};
  };
  auto answer = of_step(waiting);
  ApiJson below = ApiJson::array();
  for (const auto& step : waiting.below) below.push_back(of_step(step));
  answer["below"] = std::move(below);
  return answer;
}

}  // namespace grange
