#include <algorithm>

#include <nlohmann/json.hpp>

#include "record/machines.h"
#include "record/newly_failing.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"

namespace grange {
namespace {

/// Of how many jobsets, those evaluated last, it is looked for what is newly failing.
constexpr std::size_t kWatchedJobsets = 200;
/// A machine that is there says so every few seconds.
constexpr std::chrono::minutes kSilence{10};

struct FailingTarget {
  const Jobset* jobset;
  std::int64_t evaluation;
  NewlyFailing target;
};

ApiJson failing_json(const FailingTarget& failing) {
  return {{"project", failing.jobset->project_name},
          {"jobset", failing.jobset->settings.name},
          {"evaluation", failing.evaluation},
          {"label", failing.target.label},
          {"build", failing.target.build},
          {"outcome", to_string(failing.target.outcome)},
          {"stopped", api_time(failing.target.stopped)},
          {"baseBuild", optional_number(failing.target.base_build)}};
}

/// Of each jobset's latest complete evaluation, those that ended last before the others.
ApiJson newly_failing_json(Database& database, std::vector<Jobset> jobsets, std::size_t limit) {
  std::sort(jobsets.begin(), jobsets.end(), [](const Jobset& a, const Jobset& b) {
    return a.status.last_checked > b.status.last_checked;
  });
  if (jobsets.size() > kWatchedJobsets) jobsets.resize(kWatchedJobsets);
  std::vector<FailingTarget> failing;
  for (const auto& jobset : jobsets) {
    if (jobset.status.failed_builds == 0) continue;
    const auto evaluation = EvaluationHistory(database).last_complete(jobset.id);
    if (!evaluation) continue;
    for (auto& target : newly_failing(database, *evaluation, limit)) {
      failing.push_back({&jobset, evaluation->id, std::move(target)});
    }
  }
  // What failed by itself is what somebody can do something about.
  std::stable_sort(failing.begin(), failing.end(), [](const auto& a, const auto& b) {
    const auto is_result = [](const FailingTarget& one) {
      return one.target.outcome == Outcome::dependency_failed;
    };
    if (is_result(a) != is_result(b)) return is_result(b);
    return a.target.stopped > b.target.stopped;
  });
  if (failing.size() > limit) failing.resize(limit);
  ApiJson list = ApiJson::array();
  for (const auto& one : failing) list.push_back(failing_json(one));
  return list;
}

ApiJson problems_json(std::vector<Jobset> jobsets, std::size_t limit) {
  std::erase_if(jobsets, [](const Jobset& jobset) {
    return jobset.status.fetch_problem.empty() && jobset.status.problem.empty();
  });
  std::sort(jobsets.begin(), jobsets.end(), [](const Jobset& a, const Jobset& b) {
    return a.status.problem_since > b.status.problem_since;
  });
  if (jobsets.size() > limit) jobsets.resize(limit);
  ApiJson list = ApiJson::array();
  for (const auto& jobset : jobsets) {
    const auto& since = jobset.status.problem_since;
    list.push_back({{"project", jobset.project_name},
                    {"jobset", jobset.settings.name},
                    {"fetchProblem", jobset.status.fetch_problem},
                    {"problem", jobset.status.problem},
                    {"since", since ? ApiJson(api_time(*since)) : ApiJson()}});
  }
  return list;
}

ApiJson machines_json(Database& database, TimePoint now, std::size_t limit) {
  ApiJson list = ApiJson::array();
  for (const auto& machine : Machines(database).all()) {
    const bool is_silent = now - machine.last_seen > kSilence;
    if (!machine.drained && !is_silent) continue;
    if (list.size() == limit) break;
    list.push_back({{"id", machine.id},
                    {"name", machine.name},
                    {"drained", machine.drained},
                    {"silent", is_silent},
                    {"lastSeen", api_time(machine.last_seen)}});
  }
  return list;
}

ServerResponse get_attention(ApiCall& call) {
  const auto limit = call.limit(20, 100);
  return api_answer(call.farm().database().read([&](Database& database) {
    auto jobsets = seen_jobsets(call, database, Jobsets(database).all());
    return ApiJson{{"newlyFailing", newly_failing_json(database, jobsets, limit)},
                   {"jobsets", problems_json(jobsets, limit)},
                   {"machines", machines_json(database, call.farm().clock().now(), limit)}};
  }));
}

}  // namespace

void add_attention_routes(Router& router, const ApiContext& context) {
  add_api_route(router, context, RequestMethod::get, "/api/v1/attention", get_attention);
}

}  // namespace grange
