#include "serve/openapi.h"
#include "serve/openapi_names.h"

namespace grange {
namespace {

shape::Json derivation_schema() {
  return shape::object({{"id", shape::integer()},
                        {"derivation", shape::text()},
                        {"path", shape::text()},
                        {"name", shape::text()},
                        {"system", shape::text()},
                        {"outputSet", shape::nullable(shape::text())},
                        {"inputs", shape::list_of(shape::ref("DerivationName"))},
                        {"recipe", shape::link()},
                        {"builds", shape::link()},
                        {"attempts", shape::link()}});
}

shape::Json derivation_graph_schema() {
  const auto node = shape::object(
      {{"id", shape::integer()},
       {"derivation", shape::text()},
       {"system", shape::text()},
       {"level", shape::described(shape::integer(), "Steps from the one that was asked for.")},
       {"seen", shape::described(shape::flag(), "False: all but its name is hidden.")},
       {"build", shape::described(shape::nullable(shape::integer()), "Its newest one.")},
       {"outcome", shape::nullable(shape::one_of(outcome_names()))},
       {"running", shape::flag()}});
  return shape::object(
      {{"nodes", shape::described(shape::list_of(node), "The one that was asked for first.")},
       {"edges",
        shape::list_of(shape::object({{"user", shape::integer()}, {"input", shape::integer()}}))},
       {"cut", shape::described(shape::flag(), "There are more, beyond the depth or the limit.")},
       {"unread", shape::described(shape::flag(),
                                   "Users that were recorded much later were not looked for.")}});
}

shape::Json output_set_schema() {
  const auto recipe = shape::object(
      {{"id", shape::integer()}, {"derivation", shape::text()}, {"system", shape::text()}});
  return shape::object(
      {{"id", shape::text()},
       {"outcome", shape::nullable(shape::one_of(outcome_names()))},
       {"recipes", shape::described(shape::list_of(recipe), "Equivalent ones, the newest first.")},
       {"outputs", shape::described(shape::map_of(shape::text()),
                                    "As the last good build realised them, by output.")},
       {"builds", shape::link()},
       {"steps", shape::link()},
       {"attempts", shape::link()},
       {"failures", shape::link()}});
}

shape::Json described_attempt_schema() {
  return shape::object({{"id", shape::integer()},
                        {"recipe", shape::text()},
                        {"outputSet", shape::nullable(shape::text())},
                        {"fixedOutput", shape::flag()},
                        {"policy", shape::text()},
                        {"check", shape::flag()},
                        {"outcome", shape::one_of(outcome_names())},
                        {"started", shape::time()},
                        {"stopped", shape::time()},
                        {"message", shape::text()}});
}

/// Attempts, or what is remembered of them as failures.
ApiOperation& list_of_attempts(ApiDescription& api, std::string_view pattern, std::string_view id,
                               std::string_view summary) {
  return api.add(RequestMethod::get, pattern, id, "derivations", summary)
      .takes("outputSet", shape::text(),
             "Of this output set: its id, or the file name of a derivation that produces it.")
      .takes("recipe", shape::text(), "With this derivation, by its file name.")
      .takes("outcome", shape::one_of(outcome_names()), "That ended like this.")
      .paged("before", shape::integer());
}

}  // namespace

void describe_derivations(ApiDescription& api) {
  constexpr std::string_view kTag = "derivations";
  constexpr auto kGet = RequestMethod::get;
  api.schema("DerivationName",
             shape::object({{"id", shape::integer()}, {"derivation", shape::text()}}));
  api.schema("Derivation", derivation_schema());
  api.schema("OutputSet", output_set_schema());
  api.schema("Attempt", described_attempt_schema());
  api.schema("Failure",
             shape::with(described_attempt_schema(),
                         {{"until", shape::described(shape::nullable(shape::time()),
                                                     "It is tried again after this without being "
                                                     "asked for; null: never.")}}));
  api.schema("Realisation", shape::object({{"drvOutput", shape::text()},
                                           {"path", shape::text()},
                                           {"signatures", shape::list_of(shape::text())},
                                           {"dependencies", shape::map_of(shape::text())}}));
  api.add(kGet, "/api/v1/derivations/{derivation}", "getDerivation", kTag,
          "A derivation, by its number or its file name")
      .answers(200, shape::ref("Derivation"));
  api.add(kGet, "/api/v1/derivations/{derivation}/recipe", "getRecipe", kTag,
          "What its .drv file holds")
      .answers_with(200, "text/plain", "An ATerm.");
  api.schema("DerivationGraph", derivation_graph_schema());
  api.add(kGet, "/api/v1/derivations/{derivation}/graph", "getDerivationGraph", kTag,
          "What a derivation uses, or what uses it")
      .takes("direction", shape::one_of({"inputs", "users"}),
             "What it uses (that is the default), or what uses it.")
      .takes("depth", shape::integer(1), "So many steps from it; 1 where it is missing.")
      .takes("limit", shape::integer(1), "So many derivations at most, itself included.")
      .answers(200, shape::ref("DerivationGraph"));
  api.add(kGet, "/api/v1/output-sets/{outputSet}", "getOutputSet", kTag,
          "What equivalent derivations promise to produce, by its id (64 hexadecimal digits)")
      .answers(200, shape::ref("OutputSet"));
  api.add(RequestMethod::erase, "/api/v1/output-sets/{outputSet}/failures", "clearFailures", kTag,
          "Forget its failures, so that it is tried again when it is next asked for")
      .needs(Permission::restart_builds)
      .answers(200, shape::object({{"cleared", shape::integer()}}));
  list_of_attempts(api, "/api/v1/failures", "listFailures", "Failures that are remembered")
      .about("What they are of is not tried again without a reason.")
      .answers(200, shape::page_of("failures", "Failure"));
  list_of_attempts(api, "/api/v1/attempts", "listAttempts", "What was tried, the newest first")
      .answers(200, shape::page_of("attempts", "Attempt"));
  api.add(kGet, "/api/v1/attempts/{id}", "getAttempt", kTag, "An attempt")
      .answers(200, shape::with(described_attempt_schema(), {{"logTail", shape::text()}}));
  api.add(kGet, "/api/v1/realisations/{drvOutput}", "getRealisation", kTag,
          "Where an output lies, by its id (sha256:HEX!OUTPUT)")
      .answers(200, shape::ref("Realisation"));
}

}  // namespace grange
