#include "serve/openapi.h"
#include "serve/openapi_names.h"

namespace grange {

void describe_steps(ApiDescription& api) {
  constexpr std::string_view kTag = "steps";
  api.schema("Step", shape::object({{"id", shape::integer()},
                                    {"derivation", shape::text()},
                                    {"outputSet", shape::nullable(shape::text())},
                                    {"build", shape::nullable(shape::integer())},
                                    {"machine", shape::nullable(shape::integer())},
                                    {"system", shape::text()},
                                    {"how", shape::text()},
                                    {"outcome", shape::nullable(shape::one_of(outcome_names()))},
                                    {"started", shape::time()},
                                    {"stopped", shape::nullable(shape::time())},
                                    {"message", shape::text()}}));
  api.add(RequestMethod::get, "/api/v1/steps", "listSteps", kTag, "Steps, the newest first")
      .about(
          "A step is the making of one output set, once for all that want it. A page may hold "
          "fewer "
          "than `limit`, or none, and have a `next`: what is hidden is left out.")
      .takes("build", shape::integer(), "That were made for this build first.")
      .takes("machine", shape::integer(), "On this machine.")
      .takes("system", shape::text(), "For this system.")
      .takes("outputSet", shape::text(), "Of this output set.")
      .takes("outcome", shape::one_of(outcome_names()), "That ended like this.")
      .takes("running", shape::flag(), "That run, or do not.")
      .paged("before", shape::integer())
      .answers(200, shape::page_of("steps", "Step"));
  api.add(RequestMethod::get, "/api/v1/steps/{id}", "getStep", kTag, "A step")
      .answers(200, shape::ref("Step"));
  describe_log(
      api.add(RequestMethod::get, "/api/v1/steps/{id}/log", "getStepLog", kTag, "Its log"));
}

}  // namespace grange
