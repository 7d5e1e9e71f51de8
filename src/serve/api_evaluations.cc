#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "record/public_export.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"

namespace grange {
namespace {

std::optional<EvaluationRow::State> state_parameter(const ApiCall& call) {
  const auto text = call.parameter("state");
  if (!text) return std::nullopt;
  using State = EvaluationRow::State;
  for (const auto state : {State::running, State::complete, State::failed}) {
    if (to_string(state) == *text) return state;
  }
  throw InvalidFieldsError(InvalidFieldsError::Fields{
      {"state", "specified running, complete or failed, got '" + printable(*text) + "'"}});
}

/// A page of evaluations in one state. Which those are no index knows, so it looks at so many at
/// most; the page may end before it is full, and goes on behind what was looked at.
class EvaluationScan {
 public:
  EvaluationScan(std::size_t limit, std::optional<EvaluationRow::State> state)
      : limit_(limit), state_(state) {}

  template <typename Fetch>
  void run(std::int64_t before, Fetch&& fetch) {
    for (std::size_t looked_at = 0; looked_at < kMostLookedAt;) {
      auto batch = fetch(before, limit_ + 1);
      for (auto& row : batch) {
        if (rows_.size() == limit_) {
          has_more_ = true;
          return;
        }
        before = last_ = row.id;
        if (!state_ || row.state == *state_) rows_.push_back(std::move(row));
      }
      looked_at += batch.size();
      has_more_ = batch.size() > limit_;
      if (!has_more_) return;
    }
  }

  const std::vector<EvaluationRow>& rows() const { return rows_; }
  bool has_more() const { return has_more_; }
  std::int64_t last() const { return last_; }

 private:
  static constexpr std::size_t kMostLookedAt = 5000;

  const std::size_t limit_;
  const std::optional<EvaluationRow::State> state_;
  std::vector<EvaluationRow> rows_;
  bool has_more_ = false;
  std::int64_t last_ = 0;
};

ServerResponse list_evaluations(ApiCall& call) {
  const auto limit = call.limit();
  const auto before = call.integer_parameter("before").value_or(0);
  const auto project = call.parameter("project");
  const auto name = call.parameter("jobset");
  if (name && !project) {
    throw InvalidFieldsError(
        InvalidFieldsError::Fields{{"project", "is missing: jobsets are named within projects"}});
  }
  if (project && !name) {
    throw InvalidFieldsError(InvalidFieldsError::Fields{
        {"jobset", "is missing: evaluations are of a jobset, or of all"}});
  }
  const auto state = state_parameter(call);
  return api_answer(call.farm().database().read([&](Database& database) {
    EvaluationHistory history(database);
    std::optional<std::int64_t> jobset;
    if (name) jobset = seen_jobset(call, database, *project, *name).jobset.id;
    EvaluationScan scan(limit, state);
    scan.run(before, [&](std::int64_t before_id, std::size_t most) {
      return jobset ? history.of_jobset(*jobset, before_id, most)
                    : history.latest(sees_all(call), before_id, most);
    });
    std::map<std::int64_t, std::optional<Jobset>> jobsets;
    ApiJson list = ApiJson::array();
    for (const auto& row : scan.rows()) {
      auto found = jobsets.find(row.jobset);
      if (found == jobsets.end()) {
        found = jobsets.emplace(row.jobset, Jobsets(database).find(row.jobset)).first;
      }
      if (found->second) list.push_back(api_evaluation(row, *found->second));
    }
    ApiJson page{{"evaluations", std::move(list)}};
    page["next"] =
        call.next("before", scan.has_more(), [&] { return std::to_string(scan.last()); });
    return page;
  }));
}

ServerResponse get_evaluation(ApiCall& call) {
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto seen = seen_evaluation(call, database, call.number("id"));
    auto answer = api_evaluation(seen.evaluation, seen.of.jobset);
    ApiJson inputs = ApiJson::object();
    for (const auto& input : EvaluationHistory(database).inputs(seen.evaluation.id)) {
      inputs[input.name] = {{"type", input.type},
                            {"value", without_credentials(input.value, true)},
                            {"uri", input.uri},
                            {"revision", input.revision},
                            {"branch", input.branch.empty() ? ApiJson() : ApiJson(input.branch)},
                            {"storePath", input.store_path},
                            {"commit", ApiJson()}};
      if (input.revision.empty()) continue;
      const auto commit = Commits(database).find({input.uri, input.branch}, input.revision);
      if (commit) {
        inputs[input.name]["commit"] = {{"author", commit->author},
                                        {"authored", api_time(commit->authored)},
                                        {"subject", commit->subject},
                                        {"firstSeen", api_time(commit->first_seen)}};
      }
    }
    answer["inputs"] = std::move(inputs);
    return answer;
  }));
}

ServerResponse list_targets(ApiCall& call) {
  TargetQuery query;
  const auto limit = call.limit();
  query.limit = limit + 1;
  query.after = call.parameter("after").value_or("");
  query.contains = call.parameter("contains").value_or("");
  if (const auto verdict = call.parameter("verdict")) {
    query.verdict = parse_verdict(*verdict);
    if (!query.verdict) {
      throw InvalidFieldsError(InvalidFieldsError::Fields{
          {"verdict",
           "specified same, equivalent, changed, changed (unverified), new "
           "or removed, got '" +
               printable(*verdict) + "'"}});
    }
  }
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto seen = seen_evaluation(call, database, call.number("id"));
    EvaluationHistory history(database);
    auto rows = query.verdict == Verdict::removed ? history.removed(seen.evaluation, query)
                                                  : history.targets(seen.evaluation, query);
    const bool has_more = cut_to_page(rows, limit);
    ApiJson list = ApiJson::array();
    for (const auto& row : rows) list.push_back(api_target(row));
    ApiJson page{{"targets", std::move(list)}};
    page["next"] = call.next("after", has_more, [&] { return rows.back().target.label; });
    return page;
  }));
}

ServerResponse list_errors(ApiCall& call) {
  const auto limit = call.limit();
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto seen = seen_evaluation(call, database, call.number("id"));
    auto errors = EvaluationHistory(database).errors(seen.evaluation.id);
    std::sort(errors.begin(), errors.end());
    return page_of_whole<ApiJson>(
        call.http.request.target, "errors", errors, limit,
        [](const auto& error) { return error.first; },
        [](const auto& error) {
          return ApiJson{{"label", error.first}, {"message", error.second}};
        });
  }));
}

/// The builds of an evaluation's targets that `take` chooses.
template <typename Take>
std::vector<std::int64_t> builds_of(Database& database, const EvaluationRow& evaluation,
                                    Take&& take) {
  TargetQuery query;
  query.limit = 1'000'000;
  std::vector<std::int64_t> builds;
  for (const auto& target : EvaluationHistory(database).targets(evaluation, query)) {
    if (take(target.outcome)) builds.push_back(target.target.build);
  }
  return builds;
}

bool is_aborted(const std::optional<Outcome>& outcome) {
  return outcome == Outcome::aborted || outcome == Outcome::cancelled ||
         outcome == Outcome::unsupported;
}

/// `what`: failed (all that is not good), aborted.
ServerResponse restart_evaluation(ApiCall& call) {
  const auto what = call.parameter("what").value_or("failed");
  if (what != "failed" && what != "aborted") {
    throw InvalidFieldsError(InvalidFieldsError::Fields{
        {"what", "specified failed or aborted, got '" + printable(what) + "'"}});
  }
  const auto builds = call.farm().database().read([&](Database& database) {
    const auto seen = seen_evaluation(call, database, call.number("id"));
    require(call.identity, Permission::restart_builds, &seen.of.facts);
    return builds_of(database, seen.evaluation, [&](const std::optional<Outcome>& outcome) {
      return what == "aborted" ? is_aborted(outcome) : outcome && outcome != Outcome::good;
    });
  });
  return api_answer({{"restarted", call.actions().restart(builds)}});
}

ServerResponse cancel_evaluation(ApiCall& call) {
  const auto builds = call.farm().database().read([&](Database& database) {
    const auto seen = seen_evaluation(call, database, call.number("id"));
    require(call.identity, Permission::cancel_builds, &seen.of.facts);
    return builds_of(database, seen.evaluation,
                     [](const std::optional<Outcome>& outcome) { return !outcome; });
  });
  return api_answer({{"cancelled", call.actions().cancel(builds)}});
}

ServerResponse bump_evaluation(ApiCall& call) {
  const auto builds = call.farm().database().read([&](Database& database) {
    const auto seen = seen_evaluation(call, database, call.number("id"));
    require(call.identity, Permission::bump_builds, &seen.of.facts);
    return builds_of(database, seen.evaluation,
                     [](const std::optional<Outcome>& outcome) { return !outcome; });
  });
  call.actions().bump(builds);
  return api_answer({{"bumped", builds}});
}

}  // namespace

void add_evaluation_routes(Router& router, const ApiContext& context) {
  const auto add = [&](RequestMethod method, std::string_view pattern, ApiHandler handler) {
    add_api_route(router, context, method, pattern, std::move(handler));
  };
  add(RequestMethod::get, "/api/v1/evaluations", list_evaluations);
  add(RequestMethod::get, "/api/v1/evaluations/{id}", get_evaluation);
  add(RequestMethod::get, "/api/v1/evaluations/{id}/targets", list_targets);
  add(RequestMethod::get, "/api/v1/evaluations/{id}/errors", list_errors);
  add(RequestMethod::post, "/api/v1/evaluations/{id}/restart", restart_evaluation);
  add(RequestMethod::post, "/api/v1/evaluations/{id}/cancel", cancel_evaluation);
  add(RequestMethod::post, "/api/v1/evaluations/{id}/bump", bump_evaluation);
}

}  // namespace grange
