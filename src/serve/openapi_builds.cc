#include "serve/openapi.h"
#include "serve/openapi_names.h"

namespace grange {
namespace {

shape::Json build_schema() {
  return shape::object({{"id", shape::integer()},
                        {"project", shape::nullable(shape::text())},
                        {"jobset", shape::nullable(shape::text())},
                        {"label", shape::text()},
                        {"name", shape::text()},
                        {"system", shape::text()},
                        {"derivation", shape::text()},
                        {"evaluation", shape::nullable(shape::integer())},
                        {"outcome", shape::nullable(shape::one_of(outcome_names()))},
                        {"finished", shape::flag()},
                        {"made", shape::flag()},
                        {"priority", shape::integer(-2147483648LL)},
                        {"bumped", shape::flag()},
                        {"keep", shape::flag()},
                        {"queued", shape::time()},
                        {"started", shape::nullable(shape::time())},
                        {"stopped", shape::nullable(shape::time())},
                        {"tries", shape::integer()},
                        {"retryAt", shape::nullable(shape::time())},
                        {"message", shape::text()},
                        {"releaseName", shape::nullable(shape::text())},
                        {"size", shape::integer()},
                        {"closureSize", shape::integer()}});
}

shape::Json whole_build_schema() {
  const auto numbers = shape::list_of(shape::integer());
  return shape::with(
      build_schema(),
      {{"outputs", shape::map_of(shape::text())},
       {"realisations", shape::described(shape::list_of(shape::ref("Realisation")),
                                         "Of its outputs, those that the store has, by whatever "
                                         "derivation they are.")},
       {"products", shape::list_of(shape::ref("BuildProduct"))},
       {"metrics", shape::map_of(shape::ref("BuildMetric"))},
       {"failedInputs", shape::list_of(shape::text())},
       {"constituents", numbers},
       {"evaluations", numbers},
       {"steps", shape::list_of(shape::ref("Step"))},
       {"outputSet", shape::nullable(shape::text())},
       {"meta", shape::described(shape::anything(), "As the evaluation gave it.")},
       {"waiting", shape::described(shape::nullable(shape::ref("Waiting")),
                                    "Why it waits; null when it is finished.")}});
}

shape::Json product_schema() {
  return shape::object({{"type", shape::text()},
                        {"subtype", shape::text()},
                        {"name", shape::text()},
                        {"path", shape::text()},
                        {"defaultPath", shape::text()},
                        {"size", shape::nullable(shape::integer())},
                        {"sha256", shape::nullable(shape::text())}});
}

shape::Json waiting_schema() {
  return shape::object(
      {{"derivation", shape::text()},
       {"reason", shape::one_of({"asked", "resolving", "inputs", "same", "machine", "drained",
                                 "retry", "slot", "nothing", "running", "ended"})},
       {"words", shape::text()},
       {"derivations",
        shape::described(shape::list_of(shape::text()), "What it waits for, the first ones.")},
       {"until", shape::nullable(shape::time())}});
}

shape::Json queue_schema() {
  return shape::with(shape::page_of("builds", "QueuedBuild"),
                     {{"jobsets", shape::list_of(shape::object({{"project", shape::text()},
                                                                {"jobset", shape::text()},
                                                                {"queued", shape::integer()},
                                                                {"shares", shape::integer(1)}}))}});
}

shape::Json queued_build_schema() {
  return shape::with(
      build_schema(),
      {{"position",
        shape::described(shape::nullable(shape::integer(1)),
                         "Among all that could start now, by the order in which they start; null "
                         "for what waits for something else than a slot.")},
       {"expectedStart",
        shape::described(shape::nullable(shape::time()),
                         "If all before it takes as long as it did; null where too little is "
                         "known.")},
       {"waiting", shape::described(shape::nullable(shape::text()), "The reason of a Waiting.")},
       {"words", shape::nullable(shape::text())}});
}

shape::Json queue_summary_schema() {
  return shape::object(
      {{"jobsets",
        shape::described(shape::list_of(shape::object({{"project", shape::text()},
                                                       {"jobset", shape::text()},
                                                       {"queued", shape::integer()},
                                                       {"shares", shape::integer(1)},
                                                       {"entitledPart", shape::number()},
                                                       {"usedPart", shape::number()}})),
                         "Those that wait: their shares among those of all that wait, and what "
                         "they got of the machine time of the last day.")},
       {"systems",
        shape::list_of(shape::object({{"system", shape::text()}, {"queued", shape::integer()}}))},
       {"first", shape::described(shape::list_of(shape::ref("QueuedBuild")),
                                  "Whose own steps start first, in that order.")}});
}

/// What is done with one build, or no longer done.
void describe_build_actions(ApiDescription& api) {
  constexpr std::string_view kTag = "builds";
  const auto numbers = [](std::string_view name) {
    return shape::object({{name, shape::list_of(shape::integer())}});
  };
  const auto kept = shape::object({{"id", shape::integer()}, {"keep", shape::flag()}});
  api.add(RequestMethod::post, "/api/v1/builds/{id}/restart", "restartBuild", kTag,
          "Make it again, with what it failed through and what failed through that")
      .needs(Permission::restart_builds)
      .answers(200, numbers("restarted"));
  api.add(RequestMethod::post, "/api/v1/builds/{id}/cancel", "cancelBuild", kTag,
          "End it, if it is not finished")
      .needs(Permission::cancel_builds)
      .answers(200, numbers("cancelled"));
  api.add(RequestMethod::post, "/api/v1/builds/{id}/bump", "bumpBuild", kTag,
          "Put it before all others")
      .needs(Permission::bump_builds)
      .answers(200, numbers("bumped"));
  api.add(RequestMethod::put, "/api/v1/builds/{id}/keep", "keepBuild", kTag,
          "Keep its outputs from collections")
      .needs(Permission::keep_builds)
      .answers(200, kept);
  api.add(RequestMethod::erase, "/api/v1/builds/{id}/keep", "stopKeepingBuild", kTag,
          "Keep its outputs no longer than others")
      .needs(Permission::keep_builds)
      .answers(200, kept);
}

}  // namespace

void describe_log(ApiOperation& operation) {
  operation
      .about(
          "While it is written, too. With `Accept: text/event-stream` it is followed to its end: "
          "events `log` with the data {\"text\": …}, whose ids are offsets, then `end`. As a text "
          "it has byte ranges.")
      .takes("tail", shape::integer(1), "Only so many lines of its end.")
      .takes("offset", shape::integer(), "Of events: begin at this offset.")
      .header("Range", "Only these bytes.")
      .header("Last-Event-ID", "Of events: go on behind this offset.")
      .answers_with(200, "text/plain", "The text, or events.")
      .answers_with(200, "text/event-stream", "The text, or events.")
      .answers_with(206, "text/plain", "The bytes that Range names.")
      .answers_with(304, "", "What If-None-Match names is still so.")
      .answers_with(416, "text/plain", "It has no such bytes.");
}

void describe_builds(ApiDescription& api) {
  constexpr std::string_view kTag = "builds";
  constexpr auto kGet = RequestMethod::get;
  api.schema("Build", build_schema());
  api.schema("QueuedBuild", queued_build_schema());
  api.schema("FoundBuild",
             shape::with(build_schema(), {{"outputs", shape::map_of(shape::text())}}));
  api.schema("BuildProduct", product_schema());
  api.schema("BuildMetric", shape::object({{"value", shape::number()}, {"unit", shape::text()}}));
  api.schema("WaitingStep", waiting_schema());
  api.schema(
      "Waiting",
      shape::with(
          waiting_schema(),
          {{"below", shape::described(shape::list_of(shape::ref("WaitingStep")),
                                      "Why the steps wait that it waits for, the nearest first, "
                                      "at most 50.")}}));
  api.add(kGet, "/api/v1/builds", "listBuilds", kTag, "Builds, the newest first")
      .takes("project", shape::text(), "Of this project.")
      .takes("jobset", shape::text(), "Of this jobset of `project`.")
      .takes("label", shape::text(), "Of targets with this label.")
      .takes("system", shape::text(), "For this system.")
      .takes("evaluation", shape::integer(), "That this evaluation asked for first.")
      .takes("outputSet", shape::text(),
             "That produce this: the id of an output set, or the file name of a derivation.")
      .takes("match", shape::one_of({"exact", "equivalent"}),
             "Of that very derivation, or of any that produces the same (that is the default).")
      .takes("finished", shape::flag(), "That are finished, or are not.")
      .takes("outcome", shape::one_of(outcome_names()), "That ended like this.")
      .takes("since", shape::time(), "That were asked for at this time or later.")
      .paged("before", shape::integer())
      .answers(200, shape::page_of("builds", "Build"))
      .refuses(404);
  api.add(kGet, "/api/v1/builds/{id}", "getBuild", kTag, "A build with all that is known of it")
      .answers(200, whole_build_schema());
  api.add(kGet, "/api/v1/builds/{id}/waiting", "whyBuildWaits", kTag, "Why it waits")
      .answers(200, shape::ref("Waiting"),
               shape::Json{{"derivation", "/nix/store/…-demo.drv"},
                           {"reason", "slot"},
                           {"words", "waits for a slot"},
                           {"derivations", shape::Json::array()},
                           {"until", nullptr},
                           {"below", shape::Json::array()}})
      .refuses(409);
  describe_log(api.add(kGet, "/api/v1/builds/{id}/log", "getBuildLog", kTag,
                       "The log of the last step that made its derivation"));
  api.add(kGet, "/api/v1/builds/{id}/reproduce", "getReproduceScript", kTag,
          "A script that fetches its inputs and builds it")
      .answers_with(200, "text/x-shellscript", "For a shell.")
      .refuses(409);
  for (const std::string rest : {"", "/{rest*}"}) {
    api.add(kGet, "/api/v1/builds/{id}/products/{number}" + rest,
            rest.empty() ? "getBuildProduct" : "getBuildProductFile", kTag,
            rest.empty() ? "A product, from 1 on" : "A file within a product")
        .about("In a browser it runs nothing. Has byte ranges.")
        .header("Range", "Only these bytes.")
        .answers_with(200, "*/*", "The file.")
        .answers_with(206, "*/*", "The bytes that Range names.")
        .answers_with(304, "", "What If-None-Match names is still so.")
        .answers_with(416, "text/plain", "It has no such bytes.");
  }
  describe_build_actions(api);
  api.add(kGet, "/api/v1/queue", "getQueue", kTag, "What is not finished, the oldest first")
      .paged("after", shape::integer())
      .answers(200, queue_schema());
  api.add(kGet, "/api/v1/queue/summary", "getQueueSummary", kTag,
          "Who waits for what, and what starts first")
      .takes("limit", shape::integer(1), "So many that start first: up to 100, else 20.")
      .answers(200, queue_summary_schema());
}

}  // namespace grange
