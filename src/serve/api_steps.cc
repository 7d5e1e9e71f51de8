#include <nlohmann/json.hpp>

#include "base/error.h"
#include "serve/api_json.h"
#include "serve/api_parameters.h"
#include "serve/api_routes.h"
#include "serve/step_page.h"

namespace grange {
namespace {

ServerResponse list_steps(ApiCall& call) {
  StepQuery query;
  const auto limit = call.limit();
  query.outcome = outcome_parameter(call);
  query.before = call.integer_parameter("before");
  query.build = call.integer_parameter("build");
  query.machine = call.integer_parameter("machine");
  query.system = call.parameter("system");
  query.running = call.flag_parameter("running");
  return api_answer(call.farm().database().read([&](Database& database) {
    if (const auto text = call.parameter("outputSet")) {
      query.output_set = output_set_named(database, *text);
      if (!query.output_set) return ApiJson{{"steps", ApiJson::array()}, {"next", nullptr}};
    }
    return step_page(call, database, query, limit);
  }));
}

ServerResponse get_step(ApiCall& call) {
  return api_answer(call.farm().database().read([&](Database& database) {
    const auto step = Steps(database).find(call.number("id"));
    if (!step) throw NotFoundError("there is no step " + call.text("id"));
    if (!sees_step(call, database, step->build)) {
      throw NotFoundError("there is no step " + call.text("id"));
    }
    return api_step(*step);
  }));
}

}  // namespace

void add_step_routes(Router& router, const ApiContext& context) {
  add_api_route(router, context, RequestMethod::get, "/api/v1/steps", list_steps);
  add_api_route(router, context, RequestMethod::get, "/api/v1/steps/{id}", get_step);
}

}  // namespace grange
