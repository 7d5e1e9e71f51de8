#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "http/url.h"
#include "pages/chart_view.h"
#include "pages/farm_pages.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"

namespace grange {
namespace {

constexpr std::string_view kHistoryRows = "50";
constexpr std::string_view kChartedBuilds = "100";
constexpr std::size_t kCharts = 12;

struct TargetPlace {
  std::string url;
  std::string api;
  std::string parameters;  ///< of the API's list of builds
};

TargetPlace place_of(const PageCall& call) {
  const auto project = url_part(call.text("project"));
  const auto jobset = url_part(call.text("jobset"));
  const auto label = url_part(call.text("label"));
  return {"/job/" + project + "/" + jobset + "/" + label,
          "/api/v1/projects/" + project + "/jobsets/" + jobset + "/targets/" + label,
          "project=" + project + "&jobset=" + jobset + "&label=" + label};
}

ApiJson shown_size(const ApiJson& size) {
  const auto bytes = size.get<std::int64_t>();
  return bytes > 0 ? ApiJson(size_text(bytes)) : ApiJson();
}

ApiJson history_row(const ApiJson& build, TimePoint now) {
  auto row = build_row(build, now);
  row["size"] = shown_size(build["size"]);
  row["closureSize"] = shown_size(build["closureSize"]);
  row["evaluation"] = build["evaluation"];
  row["evaluationUrl"] =
      build["evaluation"].is_null() ? ApiJson() : ApiJson("/eval/" + build["evaluation"].dump());
  return row;
}

std::string number_text(double value) {
  return fmt::format("{:.6g}", value);
}

/// Of the newest builds: how long they took, how large they are, what they measured.
ApiJson charts_of(ApiJson builds, const ApiJson& metrics) {
  std::vector<double> times;
  std::vector<std::string> pages;
  Chart duration{"Duration", "seconds", {{"Duration", {}}}};
  Chart size{"Size", "bytes", {{"Outputs", {}}, {"Closure", {}}}};
  std::map<std::int64_t, std::size_t> index;
  std::reverse(builds.begin(), builds.end());
  for (const auto& build : builds) {
    if (!build["finished"].get<bool>() || !build["stopped"].is_string()) continue;
    index.emplace(build["id"].get<std::int64_t>(), times.size());
    times.push_back(chart_time(build["stopped"]));
    pages.push_back("/build/" + build["id"].dump());
    const bool was_made = build["made"].get<bool>() && build["started"].is_string();
    duration.lines[0].values.push_back(
        was_made ? std::optional(times.back() - chart_time(build["started"])) : std::nullopt);
    const auto size_of = [&](const char* name) {
      const auto bytes = build[name].get<double>();
      return build["outcome"] == "good" && bytes > 0 ? std::optional(bytes) : std::nullopt;
    };
    size.lines[0].values.push_back(size_of("size"));
    size.lines[1].values.push_back(size_of("closureSize"));
  }
  std::vector<Chart> charts{std::move(duration), std::move(size)};
  for (const auto& [name, metric] : metrics.items()) {
    if (charts.size() == kCharts) break;
    Chart chart{name, metric["unit"].get<std::string>(), {{name, {}}}};
    auto& values = chart.lines[0].values;
    values.resize(times.size());
    for (const auto& value : metric["values"]) {
      const auto found = index.find(value["build"].get<std::int64_t>());
      if (found != index.end()) values[found->second] = value["value"].get<double>();
    }
    charts.push_back(std::move(chart));
  }
  ApiJson views = ApiJson::array();
  for (const auto& chart : charts) {
    auto view = chart_view(chart, times, pages);
    if (!view.is_null()) views.push_back(std::move(view));
  }
  return views;
}

ApiJson metric_rows(const ApiJson& metrics) {
  ApiJson rows = ApiJson::array();
  for (const auto& [name, metric] : metrics.items()) {
    const auto& values = metric["values"];
    const auto [least, most] =
        std::minmax_element(values.begin(), values.end(), [](const ApiJson& a, const ApiJson& b) {
          return a["value"].get<double>() < b["value"].get<double>();
        });
    rows.push_back({{"name", name},
                    {"unit", metric["unit"]},
                    {"latest", number_text(values.back()["value"].get<double>())},
                    {"build", values.back()["build"]},
                    {"url", "/build/" + values.back()["build"].dump()},
                    {"least", number_text((*least)["value"].get<double>())},
                    {"most", number_text((*most)["value"].get<double>())},
                    {"count", count_text(static_cast<std::int64_t>(values.size()))}});
  }
  return rows;
}

/// Where this server is for others, as far as it knows.
std::string origin_of(const PageCall& call) {
  const auto& base = call.site.context().accounts.options().site.base_url;
  if (base) {
    auto text = base->to_string();
    while (text.ends_with('/')) text.pop_back();
    return text;
  }
  const auto* host = call.http.request.headers.find("Host");
  return host != nullptr ? "http://" + *host : std::string();
}

ApiJson target_page(PageCall& call) {
  const auto place = place_of(call);
  const auto target = call.get(place.api);
  const auto before = call.parameter("before");
  const auto page =
      call.get("/api/v1/builds?limit=" + std::string(kHistoryRows) + "&" + place.parameters +
               (before.empty() ? "" : "&before=" + url_part(before)));
  const auto charted =
      call.get("/api/v1/builds?limit=" + std::string(kChartedBuilds) + "&" + place.parameters);
  const auto state_of = [&](const ApiJson& build) {
    return build.is_null() ? ApiJson() : history_row(build, call.now);
  };
  const auto origin = origin_of(call);
  return {
      {"title", target["label"]},
      {"crumbs", crumbs(target["project"], target["jobset"])},
      {"url", place.url},
      {"apiUrl", place.api},
      {"latest", state_of(target["latest"])},
      {"latestGood", state_of(target["latestGood"])},
      {"gone", target["build"].is_null()},
      {"rows",
       rows_of(page["builds"], [&](const ApiJson& build) { return history_row(build, call.now); })},
      {"next", page["next"].is_null()
                   ? ApiJson()
                   : ApiJson(place.url + "?before=" + page["builds"].back()["id"].dump())},
      {"charts", charts_of(charted["builds"], target["metrics"])},
      {"metrics", metric_rows(target["metrics"])},
      {"anyMetric", !target["metrics"].empty()},
      {"badgeUrl", place.url + "/badge.svg"},
      {"markdown", fmt::format("[![{0}]({1}{2}/badge.svg)]({1}{2})", "build", origin, place.url)}};
}

}  // namespace

void add_target_pages(Router& router, const PageSite& site) {
  add_page(router, site, "/job/{project}/{jobset}/{label}", "target", target_page);
}

}  // namespace grange
