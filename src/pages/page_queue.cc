#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "pages/farm_pages.h"
#include "pages/page_machine.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "pages/path_links.h"

namespace grange {
namespace {

/// As the queue has it where nothing is said of it.
constexpr int kUsualPriority = 100;

std::int64_t percent_of(const ApiJson& part) {
  return std::lround(part.get<double>() * 100);
}

ApiJson queued_row(const PageCall& call, const ApiJson& build) {
  auto row = build_row(build, call.now);
  const bool runs = row["status"]["word"] == "running";
  row["position"] = build["position"].is_null()
                        ? ApiJson()
                        : ApiJson(count_text(build["position"].get<std::int64_t>()));
  const auto& start = build[build["expectedStart"].is_null() ? "retryAt" : "expectedStart"];
  row["start"] = runs ? ApiJson() : time_view(start, call.now);
  row["unknown"] = !runs && start.is_null();
  row["words"] = linked_names(
      call.store(), runs ? "it is being made" : build["words"].get_ref<const std::string&>());
  row["bumped"] = build["bumped"];
  row["priority"] = build["priority"] == kUsualPriority ? ApiJson() : build["priority"];
  return row;
}

/// What runs, then in the order in which they start, then what waits for something else.
void sort_by_start(ApiJson& builds) {
  const auto rank = [](const ApiJson& build) {
    const auto runs = !build["started"].is_null() && build["waiting"] == "running";
    const auto group = runs ? 0 : build["position"].is_null() ? 2 : 1;
    return std::pair(group, group == 1 ? build["position"].get<std::int64_t>() : 0);
  };
  std::stable_sort(builds.begin(), builds.end(),
                   [&](const ApiJson& a, const ApiJson& b) { return rank(a) < rank(b); });
}

ApiJson queue_page(PageCall& call) {
  const auto after = call.parameter("after");
  const auto summary = call.get("/api/v1/queue/summary?limit=20");
  auto queue =
      call.get("/api/v1/queue?limit=100" + (after.empty() ? "" : "&after=" + url_part(after)));
  // Where all are on the page they can be in order; else those that start first are told apart.
  const bool is_whole = after.empty() && queue["next"].is_null();
  if (is_whole) sort_by_start(queue["builds"]);
  const auto running = call.get("/api/v1/running");
  const auto machines = call.get("/api/v1/machines?limit=100")["machines"];
  std::int64_t all = 0;
  for (const auto& jobset : summary["jobsets"]) all += jobset["queued"].get<std::int64_t>();
  const auto of_jobset = [&](const ApiJson& jobset) -> ApiJson {
    return {{"project", jobset["project"]},
            {"name", jobset["jobset"]},
            {"url", jobset_url(jobset["project"], jobset["jobset"])},
            {"queued", count_text(jobset["queued"].get<std::int64_t>())},
            {"shares", count_text(jobset["shares"].get<std::int64_t>())},
            {"entitled", percent_of(jobset["entitledPart"])},
            {"used", percent_of(jobset["usedPart"])}};
  };
  const auto of_system = [](const ApiJson& system) -> ApiJson {
    return {{"system", system["system"]},
            {"queued", count_text(system["queued"].get<std::int64_t>())}};
  };
  const auto row = [&](const ApiJson& build) { return queued_row(call, build); };
  ApiJson model{
      {"title", "Queue"},
      {"jobsets", rows_of(summary["jobsets"], of_jobset)},
      {"systems", rows_of(summary["systems"], of_system)},
      {"machines",
       rows_of(machines, [&](const ApiJson& one) { return machine_view(one, call.now); })},
      {"queued", count_text(all)},
      {"runningCount", count_text(static_cast<std::int64_t>(running["running"].size()))},
      {"now",
       {{"steps", rows_of(running["running"],
                          [&](const ApiJson& step) { return step_row(step, call.now); })}}},
      {"first", {{"builds", rows_of(summary["first"], row)}}},
      {"anyFirst", !summary["first"].empty() && after.empty() && !is_whole},
      {"inOrder", is_whole},
      {"all", {{"builds", rows_of(queue["builds"], row)}}}};
  model["next"] = queue["next"].is_null()
                      ? ApiJson()
                      : ApiJson("/queue?after=" + queue["builds"].back()["id"].dump());
  return model;
}

}  // namespace

void add_queue_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/queue", "queue", queue_page);
}

}  // namespace grange
