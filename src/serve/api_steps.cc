#include <map>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "serve/api_json.h"
#include "serve/api_parameters.h"
#include "serve/api_routes.h"

namespace grange {
namespace {

ServerResponse list_steps(ApiCall& call) {
  StepQuery query;
  const auto limit = call.limit();
  query.limit = limit + 1;
  query.outcome = outcome_parameter(call);
  query.before = call.integer_parameter("before");
  query.build = call.integer_parameter("build");
  query.machine = call.integer_parameter("machine");
  query.running = call.flag_parameter("running");
  return api_answer(call.farm().database().read([&](Database& database) {
    if (const auto text = call.parameter("outputSet")) {
      query.output_set = output_set_named(database, *text);
      if (!query.output_set) return ApiJson{{"steps", ApiJson::array()}, {"next", nullptr}};
    }
    auto rows = Steps(database).list(query);
    const bool has_more = cut_to_page(rows, limit);
    ApiJson list = ApiJson::array();
    std::map<std::int64_t, bool> seen;
    for (const auto& row : rows) {
      // A step of a hidden jobset is as hidden as its build.
      if (row.build != 0 && !seen.contains(row.build)) {
        seen[row.build] = sees_build(call, database, row.build);
      }
      if (row.build == 0 || seen[row.build]) list.push_back(api_step(row));
    }
    ApiJson page{{"steps", std::move(list)}};
    page["next"] = call.next("before", has_more, [&] { return std::to_string(rows.back().id); });
    return page;
  }));
}

ServerResponse get_step(ApiCall& call) {
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto step = Steps(database).find(call.number("id"));
    if (!step) throw NotFoundError("there is no step " + call.text("id"));
    if (step->build != 0) seen_build(call, database, step->build);
    return api_step(*step);
  }));
}

}  // namespace

void add_step_routes(Router& router, const ApiContext& context) {
  add_api_route(router, context, RequestMethod::get, "/api/v1/steps", list_steps);
  add_api_route(router, context, RequestMethod::get, "/api/v1/steps/{id}", get_step);
}

}  // namespace grange
