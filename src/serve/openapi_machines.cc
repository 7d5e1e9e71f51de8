#include "serve/openapi.h"

namespace grange {
namespace {

shape::Json machine_schema() {
  const auto texts = shape::list_of(shape::text());
  return shape::object(
      {{"id", shape::integer()},
       {"name", shape::text()},
       {"systems", texts},
       {"features", texts},
       {"mandatoryFeatures", texts},
       {"slots", shape::integer()},
       {"drained", shape::flag()},
       {"runningSteps", shape::integer()},
       {"recentSteps", shape::described(shape::map_of(shape::integer()),
                                        "How its last 1,000 steps ended, by outcome.")},
       {"firstSeen", shape::time()},
       {"lastSeen", shape::time()}});
}

}  // namespace

void describe_machines(ApiDescription& api) {
  constexpr std::string_view kTag = "machines";
  const auto drained = shape::object({{"id", shape::integer()}, {"drained", shape::flag()}});
  api.schema("Machine", machine_schema());
  api.add(RequestMethod::get, "/api/v1/machines", "listMachines", kTag, "Machines, by number")
      .paged("after", shape::integer())
      .answers(200, shape::page_of("machines", "Machine"));
  api.add(RequestMethod::get, "/api/v1/machines/{id}", "getMachine", kTag,
          "A machine with what runs there, and the steps that were made there, the newest first")
      .paged("before", shape::integer())
      .answers(200, shape::with(machine_schema(),
                                {{"running", shape::list_of(shape::ref("RunningStep"))},
                                 {"steps", shape::list_of(shape::ref("Step"))},
                                 {"next", shape::nullable(shape::link())}}));
  api.add(RequestMethod::post, "/api/v1/machines/{id}/drain", "drainMachine", kTag,
          "Let nothing new start there")
      .needs(Permission::administer)
      .answers(200, drained);
  api.add(RequestMethod::post, "/api/v1/machines/{id}/enable", "enableMachine", kTag,
          "Let steps start there again")
      .needs(Permission::administer)
      .answers(200, drained);
}

}  // namespace grange
