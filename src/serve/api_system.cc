#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "serve/api_json.h"
#include "serve/api_routes.h"
#include "serve/farm_daemon.h"
#include "serve/openapi.h"

namespace grange {
namespace {

ServerResponse get_health(ApiCall& call) {
  call.farm().database().read([](Database& database) { return Events(database).last_id(); });
  return api_answer({{"status", "up"}, {"version", GRANGE_VERSION}});
}

ServerResponse get_running(ApiCall& call) {
  ApiJson steps = ApiJson::array();
  const auto running = call.farm().driver().running();
  call.farm().database().read([&](Database& database) {
    for (const auto& step : running) {
      if (sees_step(call, database, step.build)) steps.push_back(api_running_step(step));
    }
    return 0;
  });
  return api_answer({{"running", std::move(steps)},
                     {"evaluating", call.farm().evaluating()},
                     {"waiting", call.farm().driver().waiting()}});
}

/// What is asked for without a build, through the daemon socket and by evaluations that import.
ServerResponse get_daemon(ApiCall& call) {
  const auto* daemon = call.context.daemon;
  const auto open = daemon != nullptr ? daemon->open() : std::vector<FarmGranter::Open>();
  ApiJson answer{{"jobset", kSocketJobsetName},
                 {"shares", call.farm().config().daemon_shares},
                 {"waiting", open.size()},
                 {"requests", ApiJson::array()}};
  if (!sees_all(call)) return api_answer(answer);
  constexpr std::size_t kMostExplained = 100;
  for (const auto& wish : open) {
    if (answer["requests"].size() == kMostExplained) break;
    const auto waiting = call.farm().driver().why_waiting(wish.wish);
    if (!waiting) continue;  // it has ended
    answer["requests"].push_back({{"id", -wish.wish},
                                  {"derivation", wish.derivation.base_name()},
                                  {"client", wish.client},
                                  {"asked", api_time(wish.asked)},
                                  {"waiting", api_waiting(*waiting)}});
  }
  return api_answer(answer);
}

ServerResponse get_description(ApiCall& call) {
  return api_answer(call.context.description.document());
}

/// The text format of Prometheus.
class MetricsText {
 public:
  void add(std::string_view name, std::string_view type, std::string_view help) {
    text_ += fmt::format("# HELP grange_{0} {2}\n# TYPE grange_{0} {1}\n", name, type, help);
  }
  void value(std::string_view name, double value, std::string_view labels = {}) {
    text_ += fmt::format("grange_{}{} {}\n", name, labels, value);
  }
  void single(std::string_view name, std::string_view type, std::string_view help, double number) {
    add(name, type, help);
    value(name, number);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

ServerResponse get_metrics(ApiCall& call) {
  MetricsText text;
  const auto counts = call.farm().driver().counts();
  text.single("builds_waiting", "gauge", "Builds that are not finished.",
              static_cast<double>(call.farm().driver().waiting()));
  text.single("steps_running", "gauge", "Steps that are being made.",
              static_cast<double>(counts.running));
  text.single("steps_waiting", "gauge", "Steps that wait for inputs or for a slot.",
              static_cast<double>(counts.waiting));
  text.single("evaluations_running", "gauge", "Jobsets that are being evaluated.",
              static_cast<double>(call.farm().evaluating()));
  const auto jobsets = call.farm().database().read(
      [&](Database& database) { return seen_jobsets(call, database, Jobsets(database).all()); });
  text.add("jobset_builds", "gauge", "Builds of a jobset by state.");
  for (const auto& jobset : jobsets) {
    const auto labels = [&](std::string_view state) {
      return fmt::format("{{project=\"{}\",jobset=\"{}\",state=\"{}\"}}", jobset.project_name,
                         jobset.settings.name, state);
    };
    text.value("jobset_builds", static_cast<double>(jobset.status.queued_builds), labels("queued"));
    text.value("jobset_builds", static_cast<double>(jobset.status.good_builds), labels("good"));
    text.value("jobset_builds", static_cast<double>(jobset.status.failed_builds), labels("failed"));
  }
  ServerResponse response;
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = text.take();
  return response;
}

}  // namespace

void add_system_routes(Router& router, const ApiContext& context) {
  add_api_route(router, context, RequestMethod::get, "/api/v1/openapi.json", get_description);
  add_api_route(router, context, RequestMethod::get, "/health", get_health);
  add_api_route(router, context, RequestMethod::get, "/metrics", get_metrics);
  add_api_route(router, context, RequestMethod::get, "/api/v1/running", get_running);
  add_api_route(router, context, RequestMethod::get, "/api/v1/daemon", get_daemon);
}

}  // namespace grange
