#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/api_json.h"

namespace grange {

/// A line of a chart: a value for each of its times, or none.
struct ChartLine {
  std::string name;
  std::vector<std::optional<double>> values;
};

/// What its values are, which says how they are written: "seconds", "bytes", "count", "percent",
/// or a unit of its own.
struct Chart {
  std::string title;
  std::string kind;
  std::vector<ChartLine> lines;
};

/// {"title", "data"}: `data` is the chart as a text, for the attribute that charts.js reads. Times
/// are seconds since 1970, the earliest first; `pages` is where each leads. Nothing (null) where no
/// line has two values.
ApiJson chart_view(const Chart& chart, const std::vector<double>& times,
                   const std::vector<std::string>& pages);

/// Seconds since 1970 of an API's time.
double chart_time(const ApiJson& time);

}  // namespace grange
