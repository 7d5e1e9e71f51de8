#include "serve/openapi.h"
#include "serve/openapi_names.h"

namespace grange {
namespace {

shape::Json evaluation_schema() {
  shape::Json verdicts = shape::object({});
  for (const auto name : verdict_names()) {
    verdicts = shape::with(std::move(verdicts), {{name, shape::integer()}});
  }
  return shape::object(
      {{"id", shape::integer()},
       {"project", shape::text()},
       {"jobset", shape::text()},
       {"state", shape::one_of({"running", "complete", "failed"})},
       {"position", shape::nullable(shape::integer())},
       {"base", shape::nullable(shape::integer())},
       {"started", shape::time()},
       {"finished", shape::nullable(shape::time())},
       {"fetchSeconds", shape::number()},
       {"problem", shape::text()},
       {"targets", shape::integer()},
       {"errors", shape::integer()},
       {"verdicts", std::move(verdicts)},
       {"builds", shape::ref("BuildCounts")},
       {"outputSize", shape::described(shape::nullable(shape::integer()),
                                       "Of the builds of its targets that have ended, added up; "
                                       "null where it was not counted.")},
       {"closureSize",
        shape::described(shape::nullable(shape::integer()), "The same of their closures.")}});
}

shape::Json evaluation_input_schema() {
  return shape::object(
      {{"type", shape::text()},
       {"value", shape::text()},
       {"uri", shape::text()},
       {"revision", shape::text()},
       {"branch", shape::nullable(shape::text())},
       {"storePath", shape::text()},
       {"commit", shape::nullable(shape::object({{"author", shape::text()},
                                                 {"authored", shape::time()},
                                                 {"subject", shape::text()},
                                                 {"firstSeen", shape::time()}}))}});
}

shape::Json target_schema() {
  const auto outcome = shape::nullable(shape::one_of(outcome_names()));
  return shape::object({{"label", shape::text()},
                        {"verdict", shape::nullable(shape::one_of(verdict_names()))},
                        {"build", shape::integer()},
                        {"outcome", outcome},
                        {"baseBuild", shape::nullable(shape::integer())},
                        {"baseOutcome", outcome},
                        {"derivation", shape::text()},
                        {"system", shape::text()}});
}

shape::Json causes_schema() {
  const auto side = shape::nullable(shape::text());
  const auto fields =
      shape::list_of(shape::object({{"field", shape::text()}, {"base", side}, {"head", side}}));
  const auto cause = shape::object({{"name", shape::text()},
                                    {"drvPath", shape::text()},
                                    {"baseDrvPath", shape::text()},
                                    {"fields", fields},
                                    {"targets", shape::integer()},
                                    {"targetsAlone", shape::integer()},
                                    {"derivations", shape::integer()},
                                    {"derivationsAlone", shape::integer()},
                                    {"expectedSeconds", shape::nullable(shape::number())},
                                    {"unknownDurations", shape::integer()},
                                    {"suspicious", shape::flag()},
                                    {"sourceFiles", shape::list_of(shape::text())}});
  const auto rewritten = shape::object({{"name", shape::text()},
                                        {"drvPath", shape::text()},
                                        {"baseDrvPath", shape::text()},
                                        {"outputSet", shape::text()},
                                        {"recipes", shape::integer()},
                                        {"suspicious", shape::flag()},
                                        {"fields", fields}});
  return shape::object({{"evaluation", shape::integer()},
                        {"against", shape::integer()},
                        {"state", shape::one_of({"working", "known", "failed"})},
                        {"problem", shape::text()},
                        {"headline", shape::nullable(shape::text())},
                        {"derivations", shape::object({{"changed", shape::integer()},
                                                       {"causes", shape::integer()},
                                                       {"cascade", shape::integer()},
                                                       {"new", shape::integer()}})},
                        {"steps", shape::integer()},
                        {"causeCount", shape::integer()},
                        {"causes", shape::list_of(cause)},
                        {"rewrittenCount", shape::integer()},
                        {"rewritten", shape::list_of(rewritten)}});
}

}  // namespace

void describe_evaluations(ApiDescription& api) {
  constexpr std::string_view kTag = "evaluations";
  api.schema("Evaluation", evaluation_schema());
  api.schema("EvaluationInput", evaluation_input_schema());
  api.schema("Target", target_schema());
  api.schema("TargetError", shape::object({{"label", shape::text()}, {"message", shape::text()}}));
  const auto numbers = [](std::string_view name) {
    return shape::object({{name, shape::list_of(shape::integer())}});
  };
  api.add(RequestMethod::get, "/api/v1/evaluations", "listEvaluations", kTag,
          "Evaluations, the newest first")
      .about("With `state`, a page may hold fewer than `limit`, or none, and have a `next`.")
      .takes("project", shape::text(), "Of this project.")
      .takes("jobset", shape::text(), "Of this jobset of `project`.")
      .takes("state", shape::one_of({"running", "complete", "failed"}), "In this state.")
      .paged("before", shape::integer())
      .answers(200, shape::page_of("evaluations", "Evaluation"))
      .refuses(404);
  api.add(RequestMethod::get, "/api/v1/evaluations/{id}", "getEvaluation", kTag, "An evaluation")
      .answers(200, shape::with(evaluation_schema(),
                                {{"inputs", shape::map_of(shape::ref("EvaluationInput"))}}));
  api.add(RequestMethod::get, "/api/v1/evaluations/{id}/targets", "listTargets", kTag,
          "Its targets, by label, with their verdicts")
      .takes("contains", shape::text(), "Whose label contains this.")
      .takes("verdict", shape::one_of(verdict_names()),
             "With this verdict; `removed`: what its base had.")
      .paged("after", shape::text())
      .answers(200, shape::page_of("targets", "Target"));
  api.add(RequestMethod::get, "/api/v1/evaluations/{id}/errors", "listTargetErrors", kTag,
          "What could not be evaluated, by label")
      .paged("after", shape::text())
      .answers(200, shape::page_of("errors", "TargetError"));
  api.add(RequestMethod::get, "/api/v1/evaluations/{id}/causes", "explainEvaluation", kTag,
          "Why its targets differ from another evaluation's")
      .about("Worked out when it is first asked for; until then `state` is `working`: ask again.")
      .takes("against", shape::integer(), "The other evaluation; its base where none is named.")
      .takes("limit", shape::integer(), "So many causes and rewritten recipes at most.")
      .answers(200, causes_schema())
      .refuses(409)
      .refuses(503);
  api.add(RequestMethod::post, "/api/v1/evaluations/{id}/restart", "restartEvaluation", kTag,
          "Make its builds again that did not end well")
      .needs(Permission::restart_builds)
      .takes("what", shape::one_of({"failed", "aborted"}),
             "All that are not good, or only those that say nothing about the derivation.")
      .answers(200, numbers("restarted"));
  api.add(RequestMethod::post, "/api/v1/evaluations/{id}/cancel", "cancelEvaluation", kTag,
          "End its builds that are not finished")
      .needs(Permission::cancel_builds)
      .answers(200, numbers("cancelled"));
  api.add(RequestMethod::post, "/api/v1/evaluations/{id}/bump", "bumpEvaluation", kTag,
          "Put its builds that are not finished before all others")
      .needs(Permission::bump_builds)
      .answers(200, numbers("bumped"));
}

}  // namespace grange
