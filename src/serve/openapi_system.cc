#include "serve/openapi.h"

namespace grange {
namespace {

shape::Json settings_schema() {
  const auto text = shape::text();
  const auto texts = shape::list_of(text);
  const auto count = shape::integer();
  const auto seconds = shape::described(shape::number(), "Seconds; 0: no limit.");
  const auto bytes = shape::described(shape::integer(), "Bytes; 0: no limit.");
  return shape::object(
      {{"server", shape::object({{"listen", text},
                                 {"baseUrl", shape::nullable(text)},
                                 {"state", text},
                                 {"evaluations", count},
                                 {"daemonSocket", shape::nullable(text)},
                                 {"daemonShares", shape::number()}})},
       {"build", shape::object({{"jobs", count},
                                {"cores", shape::described(count, "0: all.")},
                                {"timeout", seconds},
                                {"maxSilent", seconds},
                                {"maxLog", bytes},
                                {"store", text},
                                {"sandbox", shape::one_of({"on", "off", "relaxed"})},
                                {"sandboxPaths", texts},
                                {"builders", texts},
                                {"substituters", texts},
                                {"trustedPublicKeys", texts},
                                {"minFree", bytes},
                                {"maxFree", shape::nullable(count)}})},
       {"evaluate", shape::object({{"workers", count},
                                   {"maxMemory", bytes},
                                   {"attributeTimeout", seconds},
                                   {"timeout", seconds}})},
       {"failureLifetimes",
        shape::described(shape::map_of(shape::nullable(shape::integer())),
                         "Seconds that a failure is believed, by its class; null: for ever.")}});
}

void describe_system_state(ApiDescription& api) {
  const auto disk = shape::object({{"use", shape::text()},
                                   {"directory", shape::text()},
                                   {"size", shape::nullable(shape::integer())},
                                   {"free", shape::nullable(shape::integer())}});
  const auto database = shape::object({{"kind", shape::one_of({"sqlite", "postgresql"})},
                                       {"name", shape::text()},
                                       {"size", shape::integer()}});
  api.add(RequestMethod::get, "/api/v1/system", "getSystem", "farm",
          "The server itself: its settings in force, database, disks and keys")
      .about("Sizes are in bytes. Nothing in it is secret, but it names files of the server.")
      .needs(Permission::administer)
      .answers(200, shape::object({{"version", shape::text()},
                                   {"started", shape::time()},
                                   {"system", shape::text()},
                                   {"database", database},
                                   {"disks", shape::list_of(disk)},
                                   {"publicKeys", shape::list_of(shape::text())},
                                   {"settings", settings_schema()}}));
}

}  // namespace

void describe_system(ApiDescription& api) {
  using shape::Json;
  describe_system_state(api);
  constexpr auto kGet = RequestMethod::get;
  api.schema("RunningStep", shape::object({{"id", shape::integer()},
                                           {"derivation", shape::text()},
                                           {"build", shape::nullable(shape::integer())},
                                           {"system", shape::text()},
                                           {"phase", shape::text()},
                                           {"started", shape::time()}}));
  api.add(kGet, "/api/v1/openapi.json", "getDescription", "farm", "This document")
      .answers(200, shape::anything());
  api.add(kGet, "/health", "getHealth", "farm", "Whether the farm and its database answer")
      .answers(200, shape::object({{"status", shape::one_of({"up"})}, {"version", shape::text()}}),
               Json{{"status", "up"}, {"version", "1.0.0"}});
  api.add(kGet, "/metrics", "getMetrics", "farm", "Numbers for Prometheus")
      .answers_with(200, "text/plain", "Its text format.");
  api.add(kGet, "/api/v1/running", "getRunning", "farm", "What runs at this moment")
      .answers(200, shape::object({{"running", shape::list_of(shape::ref("RunningStep"))},
                                   {"evaluating", shape::integer()},
                                   {"waiting", shape::integer()}}));
  api.add(kGet, "/api/v1/daemon", "getDaemon", "farm",
          "What is asked for without a build, through the daemon socket and by evaluations")
      .about("Who does not see everything is told only how much it is. At most 100 are listed.")
      .answers(200, shape::object({{"jobset", shape::text()},
                                   {"shares", shape::number()},
                                   {"waiting", shape::integer()},
                                   {"requests", shape::list_of(shape::object(
                                                    {{"id", shape::integer()},
                                                     {"derivation", shape::text()},
                                                     {"client", shape::text()},
                                                     {"asked", shape::time()},
                                                     {"waiting", shape::ref("Waiting")}}))}}));
  api.add(kGet, "/api/v1/events", "followEvents", "farm", "What happens, while it happens")
      .about(
          "Server-sent events. `event` is the kind: build-queued (again), build-started, "
          "build-finished, step-started, step-finished, evaluation-started, evaluation-finished "
          "and "
          "so on; `data` is a JSON object. A build that is over when it is written is only said to "
          "be finished. Begins with what comes; with `Last-Event-ID` or `after` "
          "it goes on "
          "behind that event, as far as it is kept.")
      .takes("kinds", shape::text(), "Only of these kinds, separated by commas.")
      .takes("project", shape::text(), "Only of this project, by name.")
      .takes("jobset", shape::integer(), "Only of this jobset, by number.")
      .takes("evaluation", shape::integer(), "Only of this evaluation.")
      .takes("build", shape::integer(), "Only of this build.")
      .takes("after", shape::integer(), "Go on behind this event.")
      .header("Last-Event-ID", "Go on behind this event.")
      .answers_with(200, "text/event-stream", "Events until the client ends it.")
      .refuses(404);
}

}  // namespace grange
