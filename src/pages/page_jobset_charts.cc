#include <nlohmann/json.hpp>

#include "pages/chart_view.h"
#include "pages/page_jobset.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"

namespace grange {
namespace {

constexpr std::string_view kLimit = "100";

std::optional<double> number_or_nothing(const ApiJson& value) {
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

/// What one evaluation adds to the charts.
struct Point {
  double time = 0;
  std::optional<double> seconds, targets, errors, percent, output_size, closure_size;
};

Point point_of(const ApiJson& evaluation) {
  Point point;
  point.time = chart_time(evaluation["started"]);
  if (evaluation["finished"].is_string()) {
    point.seconds = chart_time(evaluation["finished"]) - point.time;
  }
  if (evaluation["state"] != "complete") return point;
  point.targets = number_or_nothing(evaluation["targets"]);
  point.errors = number_or_nothing(evaluation["errors"]);
  const auto& builds = evaluation["builds"];
  const auto ended = builds["good"].get<double>() + builds["failed"].get<double>();
  if (ended > 0) point.percent = builds["good"].get<double>() * 100 / ended;
  // While some are built, sizes and percentages only grow.
  if (builds["queued"] != 0) return point;
  point.output_size = number_or_nothing(evaluation["outputSize"]);
  point.closure_size = number_or_nothing(evaluation["closureSize"]);
  return point;
}

ApiJson size_or_nothing(const std::optional<double>& size) {
  return size ? ApiJson(size_text(static_cast<std::int64_t>(*size))) : ApiJson();
}

}  // namespace

ApiJson jobset_charts_page(PageCall& call) {
  const auto jobset = call.get(jobset_api_url(call));
  auto model = jobset_head(call, jobset, "charts");
  const auto before = call.parameter("before");
  const auto page =
      call.get("/api/v1/evaluations?limit=" + std::string(kLimit) + "&" + jobset_parameters(call) +
               (before.empty() ? "" : "&before=" + url_part(before)));
  std::vector<double> times;
  std::vector<std::string> pages;
  Chart duration{"Duration of evaluations", "seconds", {{"Duration", {}}}};
  Chart targets{"Targets", "count", {{"Targets", {}}, {"Errors", {}}}};
  Chart success{"Builds that are good", "percent", {{"Good", {}}}};
  Chart size{"Size of all outputs", "bytes", {{"Outputs", {}}}};
  Chart closure{"Size of all closures, added up", "bytes", {{"Closures", {}}}};
  model["rows"] = ApiJson::array();
  const auto& evaluations = page["evaluations"];
  for (auto at = evaluations.rbegin(); at != evaluations.rend(); ++at) {
    const auto& evaluation = *at;
    const auto point = point_of(evaluation);
    times.push_back(point.time);
    pages.push_back("/eval/" + evaluation["id"].dump());
    duration.lines[0].values.push_back(point.seconds);
    targets.lines[0].values.push_back(point.targets);
    targets.lines[1].values.push_back(point.errors);
    success.lines[0].values.push_back(point.percent);
    size.lines[0].values.push_back(point.output_size);
    closure.lines[0].values.push_back(point.closure_size);
  }
  for (const auto& evaluation : evaluations) {
    const auto point = point_of(evaluation);
    auto row = evaluation_row(evaluation, call.now);
    row["percent"] = row["counts"]["percent"];
    row["outputSize"] = size_or_nothing(point.output_size);
    row["closureSize"] = size_or_nothing(point.closure_size);
    model["rows"].push_back(std::move(row));
  }
  model["charts"] = ApiJson::array();
  for (const auto* chart : {&duration, &targets, &success, &size, &closure}) {
    auto view = chart_view(*chart, times, pages);
    if (!view.is_null()) model["charts"].push_back(std::move(view));
  }
  model["next"] = page["next"].is_null()
                      ? ApiJson()
                      : ApiJson(model["url"].get<std::string>() +
                                "/charts?before=" + evaluations.back()["id"].dump());
  return model;
}

}  // namespace grange
