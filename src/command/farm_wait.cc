#include "command/farm_wait.h"

#include <limits>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "command/exit_code.h"
#include "derivation/build_result.h"

namespace grange {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kEventsPath = "/api/v1/events";

/// Throws CorruptError where an answer lacks what every one has.
template <typename T>
T field_of(const Json& answer, const char* name) {
  const auto found = answer.find(name);
  if (!answer.is_object() || found == answer.end()) {
    throw CorruptError("the server's answer has no '" + std::string(name) + "'");
  }
  try {
    return found->get<T>();
  } catch (const Json::exception&) {
    throw CorruptError("the server's answer has something else for '" + std::string(name) + "'");
  }
}

std::string text_or_empty(const Json& answer, const char* name) {
  const auto found = answer.find(name);
  return found != answer.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int exit_code_of_build(const std::string& outcome) {
  switch (parse_outcome(outcome).value_or(Outcome::unknown)) {
    case Outcome::good:
      return kExitGood;
    case Outcome::dependency_failed:
    case Outcome::unsupported:
    case Outcome::aborted:
    case Outcome::unknown:
    case Outcome::cancelled:
      return kExitBuildNotMade;
    case Outcome::failed:
    case Outcome::failed_with_output:
    case Outcome::timed_out:
    case Outcome::log_limit_exceeded:
    case Outcome::output_rejected:
    case Outcome::hash_mismatch:
    case Outcome::not_deterministic:
      return kExitFailed;
  }
  return kExitFailed;
}

/// How a build ended; nothing: it has not.
std::optional<FarmEnd> end_of_build(FarmClient& client, std::int64_t id) {
  const auto build = client.get(fmt::format("/api/v1/builds/{}", id));
  if (!field_of<bool>(build, "finished")) return std::nullopt;
  const auto outcome = field_of<std::string>(build, "outcome");
  FarmEnd end{exit_code_of_build(outcome),
              fmt::format("build {} ({}): {}", id, text_or_empty(build, "label"), outcome)};
  const auto message = text_or_empty(build, "message");
  if (outcome != "good" && !message.empty()) end.words += ": " + message;
  return end;
}

std::optional<FarmEnd> end_of_evaluation(const Json& evaluation) {
  const auto id = field_of<std::int64_t>(evaluation, "id");
  const auto state = field_of<std::string>(evaluation, "state");
  const auto problem = text_or_empty(evaluation, "problem");
  if (state == "failed") {
    return FarmEnd{kExitEvaluationProblem, fmt::format("evaluation {} failed{}{}", id,
                                                       problem.empty() ? "" : ": ", problem)};
  }
  const auto builds = field_of<Json>(evaluation, "builds");
  if (state != "complete" || field_of<std::int64_t>(builds, "queued") > 0) return std::nullopt;
  const auto good = field_of<std::int64_t>(builds, "good");
  const auto failed = field_of<std::int64_t>(builds, "failed");
  const auto errors = field_of<std::int64_t>(evaluation, "errors");
  FarmEnd end{kExitGood, fmt::format("evaluation {}: {} good, {} not", id, good, failed)};
  if (errors > 0) end.words += fmt::format(", {} not evaluated", errors);
  if (failed > 0) {
    end.exit_code = kExitFailed;
  } else if (errors > 0) {
    end.exit_code = kExitEvaluationProblem;
  }
  return end;
}

std::string evaluation_path(std::int64_t id) {
  return fmt::format("/api/v1/evaluations/{}", id);
}

/// Looks whether it has ended, now and whenever something has happened there.
template <typename Look>
FarmEnd look_until_end(FarmClient& client, const FarmClient::Query& query,
                       const std::optional<MonotonicTime>& deadline, Look&& look) {
  std::optional<FarmEnd> end = look();
  if (end) return *std::move(end);
  client.follow(
      kEventsPath, query,
      [&](const std::vector<ServerEvent>&) {
        end = look();
        return end.has_value();
      },
      deadline);
  return *std::move(end);
}

/// Builds of an evaluation may have been asked for by another one of its jobset first.
FarmClient::Query events_of_jobset(FarmClient& client, const std::string& project,
                                   const std::string& jobset) {
  const auto id = field_of<std::int64_t>(client.get(jobset_path(project, jobset)), "id");
  return {{"jobset", std::to_string(id)}};
}

}  // namespace

std::string jobset_path(const std::string& project, const std::string& jobset) {
  return "/api/v1/projects/" + FarmClient::encoded(project) + "/jobsets/" +
         FarmClient::encoded(jobset);
}

FarmEnd wait_for_build(FarmClient& client, std::int64_t build,
                       std::optional<MonotonicTime> deadline) {
  return look_until_end(client, {{"build", std::to_string(build)}, {"kinds", "build-finished"}},
                        deadline, [&] { return end_of_build(client, build); });
}

FarmEnd wait_for_evaluation(FarmClient& client, std::int64_t id,
                            std::optional<MonotonicTime> deadline) {
  const auto evaluation = client.get(evaluation_path(id));
  const auto query = events_of_jobset(client, field_of<std::string>(evaluation, "project"),
                                      field_of<std::string>(evaluation, "jobset"));
  return look_until_end(client, query, deadline,
                        [&] { return end_of_evaluation(client.get(evaluation_path(id))); });
}

std::int64_t newest_evaluation(FarmClient& client, const std::string& project,
                               const std::string& jobset) {
  const auto page =
      client.get("/api/v1/evaluations", {{"project", project}, {"jobset", jobset}, {"limit", "1"}});
  const auto list = field_of<Json>(page, "evaluations");
  if (!list.is_array() || list.empty()) return 0;
  return field_of<std::int64_t>(list.front(), "id");
}

FarmEnd wait_for_jobset(FarmClient& client, const std::string& project, const std::string& jobset,
                        std::int64_t newest, std::optional<MonotonicTime> deadline) {
  const auto name = project + ":" + jobset;
  std::int64_t evaluation = 0;
  auto end = look_until_end(
      client, events_of_jobset(client, project, jobset), deadline, [&]() -> std::optional<FarmEnd> {
        const auto answer = client.get(jobset_path(project, jobset));
        const bool is_busy = !field_of<Json>(answer, "triggered").is_null() ||
                             !field_of<Json>(answer, "evaluating").is_null();
        if (is_busy) return std::nullopt;
        evaluation = newest_evaluation(client, project, jobset);
        if (evaluation > newest) return FarmEnd{};
        for (const auto* field : {"fetchProblem", "problem"}) {
          const auto problem = text_or_empty(answer, field);
          if (!problem.empty()) {
            return FarmEnd{kExitEvaluationProblem, name + ": not evaluated: " + problem};
          }
        }
        return FarmEnd{kExitGood, name + ": nothing is new"};
      });
  if (evaluation <= newest) return end;
  end = wait_for_evaluation(client, evaluation, deadline);
  end.words = name + ": " + end.words;
  return end;
}

JobsetArgument JobsetArgument::parse(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    throw InvalidError("specified PROJECT:JOBSET, got '" + printable(text) + "'");
  }
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::int64_t parse_farm_number(const std::string& text) {
  const auto number = parse_number(text);
  if (!number || *number > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    throw InvalidError("specified a number, got '" + printable(text) + "'");
  }
  return static_cast<std::int64_t>(*number);
}

}  // namespace grange
