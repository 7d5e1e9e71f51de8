#include "serve/openapi.h"
#include "serve/openapi_names.h"

namespace grange {

void describe_attention(ApiDescription& api) {
  const auto failing = shape::object({{"project", shape::text()},
                                      {"jobset", shape::text()},
                                      {"evaluation", shape::integer()},
                                      {"label", shape::text()},
                                      {"build", shape::integer()},
                                      {"outcome", shape::one_of(outcome_names())},
                                      {"stopped", shape::time()},
                                      {"baseBuild", shape::nullable(shape::integer())}});
  const auto jobset = shape::object({{"project", shape::text()},
                                     {"jobset", shape::text()},
                                     {"fetchProblem", shape::text()},
                                     {"problem", shape::text()},
                                     {"since", shape::nullable(shape::time())}});
  const auto machine = shape::object({{"id", shape::integer()},
                                      {"name", shape::text()},
                                      {"drained", shape::flag()},
                                      {"silent", shape::flag()},
                                      {"lastSeen", shape::time()}});
  api.add(RequestMethod::get, "/api/v1/attention", "getAttention", "farm", "What needs attention")
      .about(
          "Targets that failed in the latest evaluation of a jobset and had not in its base, "
          "what "
          "failed by itself first, the newest first; jobsets that could not be evaluated; machines "
          "that are drained, or have not been heard of for ten minutes. The first of each.")
      .takes("limit", shape::integer(1), "So many of each at most: up to 100, else 20.")
      .answers(200, shape::object({{"newlyFailing", shape::list_of(failing)},
                                   {"jobsets", shape::list_of(jobset)},
                                   {"machines", shape::list_of(machine)}}));
}

}  // namespace grange
