#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "pages/build_view.h"
#include "pages/page_rows.h"
#include "pages/page_values.h"
#include "pages/step_axis.h"

namespace grange {
namespace {

/// The names of machines by number, asked for only where a step names one.
std::map<std::int64_t, std::string> machine_names(const PageCall& call, const ApiJson& steps) {
  std::map<std::int64_t, std::string> names;
  const bool any = std::any_of(steps.begin(), steps.end(),
                               [](const ApiJson& step) { return step["machine"].is_number(); });
  if (!any) return names;
  const auto machines = call.get("/api/v1/machines?limit=1000");
  for (const auto& machine : machines["machines"]) {
    names.emplace(machine["id"].get<std::int64_t>(), machine["name"].get<std::string>());
  }
  return names;
}

/// A number of an SVG attribute.
std::string svg_number(double number) {
  return fmt::format("{:.1f}", number);
}

}  // namespace

ApiJson steps_view(const PageCall& call, const ApiJson& build) {
  const auto& steps = build["steps"];
  struct Step {
    const ApiJson* json;
    StepAxis::Span span;
  };
  std::vector<Step> ordered;
  for (const auto& step : steps) {
    const auto begin = parse_api_time(step["started"].get<std::string>()).value_or(call.now);
    const auto end = step["stopped"].is_string()
                         ? parse_api_time(step["stopped"].get<std::string>()).value_or(begin)
                         : call.now;
    ordered.push_back({&step, {begin, end}});
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Step& a, const Step& b) { return a.span.begin < b.span.begin; });
  std::vector<StepAxis::Span> spans;
  spans.reserve(ordered.size());
  for (const auto& step : ordered) spans.push_back(step.span);
  const StepAxis axis(spans);
  const auto machines = machine_names(call, steps);
  ApiJson rows = ApiJson::array();
  for (const auto& [json, span] : ordered) {
    const auto& step = *json;
    auto row = step_row(step, call.now);
    const auto bar = axis.bar(span);
    row["x"] = svg_number(bar.begin);
    row["width"] = svg_number(bar.width);
    row["how"] = step["how"] == "made" ? ApiJson() : step["how"];
    // Once on the page is enough.
    row["message"] = step["message"] == build["message"] ? ApiJson() : step["message"];
    row["derivationUrl"] = derivation_url(step["derivation"].get<std::string>());
    row["machine"] = nullptr;
    if (step["machine"].is_number()) {
      const auto found = machines.find(step["machine"].get<std::int64_t>());
      if (found != machines.end()) {
        row["machine"] = {{"name", found->second}, {"url", "/machine/" + step["machine"].dump()}};
      }
    }
    rows.push_back(std::move(row));
  }
  ApiJson ticks = ApiJson::array();
  ApiJson labels = ApiJson::array();
  for (const auto& tick : axis.ticks()) {
    ticks.push_back({{"x", svg_number(tick.at)}});
    labels.push_back({{"x", svg_number(tick.at / 10)}, {"text", tick.text}});  // in percent
  }
  return {{"rows", std::move(rows)},
          {"ticks", std::move(ticks)},
          {"labels", std::move(labels)},
          {"count", count_text(static_cast<std::int64_t>(ordered.size()))},
          {"total", duration_text(axis.seconds())}};
}

}  // namespace grange
