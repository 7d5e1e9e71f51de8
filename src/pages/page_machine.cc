#include "pages/page_machine.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "pages/farm_pages.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"

namespace grange {
namespace {

/// A machine that is there says so more often than that.
constexpr std::chrono::minutes kSilence{10};

std::string joined(const ApiJson& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word.get<std::string>();
  return text;
}

bool is_silent(const ApiJson& machine, TimePoint now) {
  const auto seen = parse_api_time(machine["lastSeen"].get<std::string>());
  return seen && now - *seen > kSilence;
}

ApiJson state_of(const ApiJson& machine, std::int64_t running, TimePoint now) {
  const auto with_word = [](const ApiJson& outcome, std::string_view word) {
    auto status = status_view(outcome);
    status["word"] = word;
    return status;
  };
  if (is_silent(machine, now)) return with_word("timed out", "not heard of");
  if (machine["drained"].get<bool>()) {
    return with_word("cancelled", running > 0 ? "draining" : "drained");
  }
  return running > 0 ? with_word("running", "building") : with_word("good", "idle");
}

/// How its last steps ended, those that are good before the others.
ApiJson recent_view(const ApiJson& recent) {
  ApiJson list = ApiJson::array();
  std::int64_t good = 0;
  std::int64_t all = 0;
  for (const auto& [outcome, count] : recent.items()) {
    const auto number = count.get<std::int64_t>();
    all += number;
    if (outcome == "good") good = number;
    auto status = status_view(outcome);
    list.push_back({{"status", std::move(status)}, {"count", count_text(number)}});
  }
  std::stable_sort(list.begin(), list.end(), [](const ApiJson& a, const ApiJson& b) {
    return a["status"]["kind"] == "good" && b["status"]["kind"] != "good";
  });
  return {{"outcomes", std::move(list)},
          {"any", all > 0},
          {"all", count_text(all)},
          {"good", count_text(good)},
          {"notGood", all == good ? ApiJson() : ApiJson(count_text(all - good))},
          {"percent", all > 0 ? ApiJson(std::to_string(good * 100 / all) + " %") : ApiJson()}};
}

ApiJson machines_page(PageCall& call) {
  const auto machines = call.get("/api/v1/machines?limit=1000")["machines"];
  return {{"title", "Machines"},
          {"mayAdminister", may(call.identity, Permission::administer)},
          {"machines",
           rows_of(machines, [&](const ApiJson& one) { return machine_view(one, call.now); })}};
}

ApiJson machine_page(PageCall& call) {
  const auto before = call.parameter("before");
  const auto machine = call.get("/api/v1/machines/" + url_part(call.text("id")) + "?limit=100" +
                                (before.empty() ? "" : "&before=" + url_part(before)));
  auto view = machine_view(machine, call.now);
  ApiJson way = ApiJson::array();
  way.push_back({{"text", "Machines"}, {"url", "/machines"}});
  const auto row = [&](const ApiJson& step) { return step_row(step, call.now); };
  return {{"title", machine["name"]},
          {"crumbs", std::move(way)},
          {"machine", view},
          {"apiUrl", "/api/v1/machines/" + machine["id"].dump()},
          {"firstSeen", time_view(machine["firstSeen"], call.now)},
          {"mandatory", joined(machine["mandatoryFeatures"])},
          {"mayAdminister", may(call.identity, Permission::administer)},
          {"now", {{"steps", rows_of(machine["running"], row)}}},
          {"steps", rows_of(machine["steps"], row)},
          {"next", machine["next"].is_null() || machine["steps"].empty()
                       ? ApiJson()
                       : ApiJson(view["url"].get<std::string>() +
                                 "?before=" + machine["steps"].back()["id"].dump())}};
}

}  // namespace

ApiJson machine_view(const ApiJson& machine, TimePoint now) {
  const auto running = machine["runningSteps"].get<std::int64_t>();
  const auto slots = machine["slots"].get<std::int64_t>();
  return {{"id", machine["id"]},
          {"name", machine["name"]},
          {"url", "/machine/" + machine["id"].dump()},
          {"systems", joined(machine["systems"])},
          {"features", joined(machine["features"])},
          {"slots", slots},
          {"drained", machine["drained"]},
          {"running", running},
          {"load", slots > 0 ? std::min<std::int64_t>(100, running * 100 / slots) : 0},
          {"recent", recent_view(machine["recentSteps"])},
          {"status", state_of(machine, running, now)},
          {"lastSeen", time_view(machine["lastSeen"], now)}};
}

ApiJson placed_step_row(const ApiJson& step, const ApiJson& machines, TimePoint now) {
  auto row = step_row(step, now);
  row["system"] = step["system"];
  row["how"] = step["how"];
  row["machine"] = nullptr;
  if (step["machine"].is_null()) return row;
  row["machineUrl"] = "/machine/" + step["machine"].dump();
  for (const auto& machine : machines) {
    if (machine["id"] == step["machine"]) row["machine"] = machine["name"];
  }
  return row;
}

void add_machine_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/machines", "machines", machines_page);
  add_page(router, site, "/machine/{id}", "machine", machine_page);
}

}  // namespace grange
