#include "serve/api_queue.h"

#include <set>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"

namespace grange {
namespace {

/// Those that wait, by what is entitled to machine time: its shares among those of all that wait,
/// and what it got of the last day's.
ApiJson jobsets_json(const ApiCall& call, Database& database,
                     const std::map<std::int64_t, double>& seconds) {
  auto jobsets = Jobsets(database).all();
  double shares = 0;
  std::erase_if(jobsets, [](const Jobset& one) { return one.status.queued_builds == 0; });
  for (const auto& jobset : jobsets) shares += static_cast<double>(jobset.settings.shares);
  double used = 0;
  for (const auto& [id, of_jobset] : seconds) used += of_jobset;
  ApiJson list = ApiJson::array();
  for (const auto& jobset : seen_jobsets(call, database, std::move(jobsets))) {
    const auto found = seconds.find(jobset.id);
    list.push_back(
        {{"project", jobset.project_name},
         {"jobset", jobset.settings.name},
         {"queued", jobset.status.queued_builds},
         {"shares", jobset.settings.shares},
         {"entitledPart", static_cast<double>(jobset.settings.shares) / shares},
         {"usedPart", found == seconds.end() || used <= 0 ? 0.0 : found->second / used}});
  }
  return list;
}

/// By system, as far as who asks sees the jobsets.
ApiJson systems_json(const ApiCall& call, Database& database) {
  std::set<std::int64_t> seen{0};
  for (const auto& jobset : seen_jobsets(call, database, Jobsets(database).all())) {
    seen.insert(jobset.id);
  }
  const bool all = sees_all(call);
  ApiJson list = ApiJson::array();
  for (const auto& [system, by_jobset] : Builds(database).unfinished_by_system()) {
    std::int64_t queued = 0;
    for (const auto& [jobset, count] : by_jobset) {
      if (all || seen.contains(jobset)) queued += count;
    }
    if (queued > 0) list.push_back({{"system", system}, {"queued", queued}});
  }
  return list;
}

ServerResponse get_queue_summary(ApiCall& call) {
  const auto limit = call.limit(20, 100);
  const auto seconds = call.farm().machine_time().of_last_day();
  // Some more than that, in case some are hidden.
  const auto first = call.farm().driver().first_to_start(2 * limit);
  auto answer = call.farm().database().read([&](Database& database) {
    ApiJson builds = ApiJson::array();
    for (const auto id : first) {
      if (builds.size() == limit) break;
      try {
        const auto seen = seen_build(call, database, id);
        if (seen.build.finished()) continue;
        builds.push_back(api_build(seen.build, seen.of ? &seen.of->jobset : nullptr));
      } catch (const NotFoundError&) {
        // as if it were not there
      }
    }
    return ApiJson{{"jobsets", jobsets_json(call, database, seconds)},
                   {"systems", systems_json(call, database)},
                   {"first", std::move(builds)}};
  });
  add_places(call, answer["first"]);
  return api_answer(answer);
}

}  // namespace

void add_places(const ApiCall& call, ApiJson& builds) {
  std::vector<std::int64_t> ids;
  for (const auto& build : builds) ids.push_back(build["id"].get<std::int64_t>());
  const auto places =
      ids.empty() ? std::map<std::int64_t, QueuedPlace>() : call.farm().driver().places(ids);
  for (auto& build : builds) {
    const auto found = places.find(build["id"].get<std::int64_t>());
    const bool known = found != places.end();
    const auto* place = known ? &found->second : nullptr;
    build["position"] = known && place->position ? ApiJson(*place->position) : ApiJson();
    build["expectedStart"] = known && place->start ? ApiJson(api_time(*place->start)) : ApiJson();
    build["waiting"] = known ? ApiJson(place->reason) : ApiJson();
    build["words"] = known ? ApiJson(place->words) : ApiJson();
  }
}

void add_queue_routes(Router& router, const ApiContext& context) {
  add_api_route(router, context, RequestMethod::get, "/api/v1/queue/summary", get_queue_summary);
}

}  // namespace grange
