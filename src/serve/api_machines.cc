#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "record/machines.h"
#include "serve/api_json.h"
#include "serve/api_routes.h"
#include "serve/page_request.h"
#include "serve/step_page.h"

namespace grange {
namespace {

constexpr std::size_t kRecentSteps = 1000;

ApiJson machine_json(Database& database, const MachineRow& machine, std::size_t running) {
  ApiJson recent = ApiJson::object();
  for (const auto& [outcome, count] : Steps(database).outcomes_on(machine.id, kRecentSteps)) {
    recent[outcome] = count;
  }
  return {{"id", machine.id},
          {"name", machine.name},
          {"systems", machine.systems},
          {"features", machine.features},
          {"mandatoryFeatures", machine.mandatory_features},
          {"slots", machine.slots},
          {"drained", machine.drained},
          {"runningSteps", running},
          {"recentSteps", std::move(recent)},
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
  const auto limit = call.limit();
  return api_answer(call.farm().database().read([&](Database& database) {
    auto machines = Machines(database).all();
    const auto id_of = [](const MachineRow& machine) { return machine.id; };
    std::sort(machines.begin(), machines.end(),
              [&](const auto& a, const auto& b) { return id_of(a) < id_of(b); });
    return page_of_whole<ApiJson>(call.http.request.target, "machines", machines, limit, id_of,
                                  [&](const MachineRow& machine) {
                                    return machine_json(database, machine,
                                                        running_on(call, machine).size());
                                  });
  }));
}

/// With what runs there, and a page of the steps that were made there, the newest first.
ServerResponse get_machine(ApiCall& call) {
  StepQuery query;
  const auto limit = call.limit();
  query.before = call.integer_parameter("before");
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto machine = machine_in_path(call, database);
    const auto running = running_on(call, machine);
    auto answer = machine_json(database, machine, running.size());
    ApiJson now = ApiJson::array();
    for (const auto& step : running) {
      if (sees_step(call, database, step.build)) now.push_back(api_running_step(step));
    }
    answer["running"] = std::move(now);
    query.machine = machine.id;
    answer.update(step_page(call, database, query, limit));
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
