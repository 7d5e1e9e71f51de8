#include "serve/openapi.h"
#include "serve/openapi_names.h"

namespace grange {

void describe_search(ApiDescription& api) {
  const auto target = shape::object({{"project", shape::text()},
                                     {"jobset", shape::text()},
                                     {"label", shape::text()},
                                     {"build", shape::integer()},
                                     {"outcome", shape::nullable(shape::one_of(outcome_names()))}});
  const auto derivation = shape::object(
      {{"id", shape::integer()}, {"derivation", shape::text()}, {"system", shape::text()}});
  const auto commit = shape::object({{"revision", shape::text()},
                                     {"evaluation", shape::integer()},
                                     {"project", shape::text()},
                                     {"jobset", shape::text()},
                                     {"input", shape::text()},
                                     {"subject", shape::nullable(shape::text())},
                                     {"author", shape::nullable(shape::text())}});
  const auto direct =
      shape::object({{"kind", shape::one_of({"derivation", "path", "outputSet", "evaluation"})},
                     {"id", shape::text()}});
  api.add(RequestMethod::get, "/api/v1/search", "search", "farm", "Search everything")
      .about(
          "Projects, jobsets and targets by parts of their names; derivations and output sets by "
          "their digests; builds by the store paths of their outputs; commits that were evaluated. "
          "Of digests the first six digits suffice, except for derivations. The first of each are "
          "answered.")
      .must_have("query", shape::text(300), "What is looked for.")
      .takes("limit", shape::integer(1), "So many of each at most: up to 100, else 20.")
      .answers(200,
               shape::object({{"direct", shape::described(
                                             shape::nullable(direct),
                                             "What a whole digest, store path or commit names.")},
                              {"projects", shape::list_of(shape::ref("Project"))},
                              {"jobsets", shape::list_of(shape::ref("Jobset"))},
                              {"targets", shape::list_of(target)},
                              {"allTargets", shape::described(shape::flag(), "Were all found?")},
                              {"derivations", shape::list_of(derivation)},
                              {"builds", shape::list_of(shape::ref("FoundBuild"))},
                              {"outputSets", shape::list_of(shape::text())},
                              {"commits", shape::list_of(commit)}}));
}

}  // namespace grange
