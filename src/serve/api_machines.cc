#include <nlohmann/json.hpp>

#include "base/error.h"
#include "record/machines.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"

namespace grange {
namespace {

ApiJson machine_json(const MachineRow& machine, std::size_t running) {
  return {{"id", machine.id},
          {"name", machine.name},
          {"systems", machine.systems},
          {"features", machine.features},
          {"mandatoryFeatures", machine.mandatory_features},
          {"slots", machine.slots},
          {"drained", machine.drained},
          {"runningSteps", running},
          {"firstSeen", api_time(machine.first_seen)},
          {"lastSeen", api_time(machine.last_seen)}};
}

MachineRow machine_in_path(const ApiCall& call, Database& database) {
  auto machine = Machines(database).find(call.number("id"));
  if (!machine) throw NotFoundError("there is no machine " + call.http.capture("id"));
  return *std::move(machine);
}

/// All that runs, runs here so far.
std::vector<RunningStep> running_on(const ApiCall& call, const MachineRow& machine) {
  if (machine.id != call.farm().machine()) return {};
  return call.farm().driver().running();
}

ServerResponse list_machines(ApiCall& call) {
  call.refuse_other_parameters({});
  ApiJson list = ApiJson::array();
  for (const auto& machine :
       call.farm().database().read([](Database& database) { return Machines(database).all(); })) {
    list.push_back(machine_json(machine, running_on(call, machine).size()));
  }
  return api_answer({{"machines", std::move(list)}});
}

/// With what runs there, and a page of the steps that were made there, the newest first.
ServerResponse get_machine(ApiCall& call) {
  call.refuse_other_parameters({"before", "limit"});
  StepQuery query;
  query.limit = call.limit();
  query.before = call.integer_parameter("before");
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto machine = machine_in_path(call, database);
    const auto running = running_on(call, machine);
    auto answer = machine_json(machine, running.size());
    // A step of a hidden jobset is as hidden as its build.
    std::map<std::int64_t, bool> seen;
    const auto sees = [&](std::int64_t build) {
      if (build == 0) return true;
      const auto found = seen.find(build);
      if (found != seen.end()) return found->second;
      return seen[build] = sees_build(call, database, build);
    };
    ApiJson now = ApiJson::array();
    for (const auto& step : running) {
      if (sees(step.build)) now.push_back(api_running_step(step));
    }
    answer["running"] = std::move(now);
    query.machine = machine.id;
    const auto rows = Steps(database).list(query);
    ApiJson steps = ApiJson::array();
    for (const auto& row : rows) {
      if (sees(row.build)) steps.push_back(api_step(row));
    }
    answer["steps"] = std::move(steps);
    answer["next"] = rows.size() == query.limit ? ApiJson(rows.back().id) : ApiJson();
    return answer;
  }));
}

ServerResponse set_machine_drained(ApiCall& call, bool drained) {
  require(call.identity, Permission::administer, nullptr);
  const auto id = call.number("id");
  call.actions().set_drained(id, drained);
  return api_answer({{"id", id}, {"drained", drained}});
}

}  // namespace

void add_machine_routes(Router& router, const ApiContext& context) {
  const auto add = [&](RequestMethod method, std::string_view pattern, ApiHandler handler) {
    add_api_route(router, context, method, pattern, std::move(handler));
  };
  add(RequestMethod::get, "/api/v1/machines", list_machines);
  add(RequestMethod::get, "/api/v1/machines/{id}", get_machine);
  add(RequestMethod::post, "/api/v1/machines/{id}/drain",
      [](ApiCall& call) { return set_machine_drained(call, true); });
  add(RequestMethod::post, "/api/v1/machines/{id}/enable",
      [](ApiCall& call) { return set_machine_drained(call, false); });
}

}  // namespace grange
