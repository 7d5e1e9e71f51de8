#include "serve/openapi.h"
#include "serve/openapi_names.h"

namespace grange {

void describe_targets(ApiDescription& api) {
  constexpr std::string_view kTag = "targets";
  const std::string jobset = "/api/v1/projects/{project}/jobsets/{jobset}";
  const auto outcome = shape::nullable(shape::one_of(outcome_names()));
  const auto cell = shape::object({{"build", shape::integer()}, {"outcome", outcome}});
  const auto row =
      shape::object({{"label", shape::text()},
                     {"builds", shape::described(shape::list_of(shape::nullable(cell)),
                                                 "By evaluation; null where it has no such "
                                                 "target.")}});
  api.add(RequestMethod::get, jobset + "/targets", "listJobsetTargets", kTag,
          "What became of its targets in its newest complete evaluations")
      .takes("evaluations", shape::integer(1), "In so many, at most 50; 20 unless told otherwise.")
      .takes("before", shape::integer(), "In those before this evaluation.")
      .takes("contains", shape::text(), "Only of targets whose labels contain this.")
      .paged("after", shape::text())
      .answers(200, shape::object({{"targets", shape::list_of(row)},
                                   {"evaluations", shape::list_of(shape::ref("Evaluation"))},
                                   {"older", shape::nullable(shape::link())},
                                   {"next", shape::nullable(shape::link())}}));
  const auto build = shape::nullable(shape::ref("Build"));
  const auto value = shape::object({{"build", shape::integer()}, {"value", shape::number()}});
  const auto metric = shape::object({{"unit", shape::text()}, {"values", shape::list_of(value)}});
  api.add(RequestMethod::get, jobset + "/targets/{label}", "getTarget", kTag, "A target")
      .answers(
          200,
          shape::object(
              {{"project", shape::text()},
               {"jobset", shape::text()},
               {"label", shape::text()},
               {"evaluation", shape::described(shape::nullable(shape::integer()),
                                               "The last complete one of the jobset.")},
               {"build", shape::described(shape::nullable(shape::integer()), "What it has there.")},
               {"latest", build},
               {"latestFinished", build},
               {"latestGood", build},
               {"metrics",
                shape::described(shape::map_of(metric),
                                 "What its last 100 builds measured, the oldest first.")}}));
}

}  // namespace grange
