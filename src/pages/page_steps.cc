#include <set>

#include <nlohmann/json.hpp>

#include "pages/farm_pages.h"
#include "pages/page_machine.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "serve/openapi_names.h"

namespace grange {
namespace {

ApiJson option(std::string_view value, std::string_view text, const std::string& chosen) {
  return {{"value", value}, {"text", text}, {"chosen", chosen == value}};
}

ApiJson steps_page(PageCall& call) {
  const auto outcome = call.parameter("outcome");
  const auto machine = call.parameter("machine");
  const auto system = call.parameter("system");
  const auto before = call.parameter("before");
  const auto machines = call.get("/api/v1/machines?limit=1000")["machines"];
  std::string filter;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) filter += "&" + std::string(name) + "=" + url_part(value);
  };
  add(outcome == "running" ? "running" : "outcome", outcome == "running" ? "true" : outcome);
  add("machine", machine);
  add("system", system);
  const auto page = call.get("/api/v1/steps?limit=100" + filter +
                             (before.empty() ? "" : "&before=" + url_part(before)));
  ApiJson outcomes = ApiJson::array();
  outcomes.push_back(option("running", "running", outcome));
  for (const auto name : outcome_names()) outcomes.push_back(option(name, name, outcome));
  ApiJson machine_options = ApiJson::array();
  std::set<std::string> systems;
  for (const auto& one : machines) {
    machine_options.push_back(option(one["id"].dump(), one["name"].get<std::string>(), machine));
    for (const auto& name : one["systems"]) systems.insert(name.get<std::string>());
  }
  if (!system.empty()) systems.insert(system);
  ApiJson system_options = ApiJson::array();
  for (const auto& name : systems) system_options.push_back(option(name, name, system));
  const auto& next = page["next"];
  ApiJson older;
  if (next.is_string()) {
    // Where it goes on is said in the API's link: steps that are hidden are left out here.
    const auto& link = next.get_ref<const std::string&>();
    const auto target = RequestTarget::parse(link);
    const auto* behind = target.parameter("before");
    filter.clear();
    add("outcome", outcome);
    add("machine", machine);
    add("system", system);
    if (behind != nullptr) older = "/steps?before=" + url_part(*behind) + filter;
  }
  return {{"title", "Steps"},
          {"outcomes", std::move(outcomes)},
          {"machines", std::move(machine_options)},
          {"systems", std::move(system_options)},
          {"filtered", !outcome.empty() || !machine.empty() || !system.empty()},
          {"steps",
           rows_of(page["steps"],
                   [&](const ApiJson& step) { return placed_step_row(step, machines, call.now); })},
          {"goesOn", page["steps"].empty() && !older.is_null()},
          {"next", std::move(older)}};
}

}  // namespace

void add_step_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/steps", "steps", steps_page);
}

}  // namespace grange
