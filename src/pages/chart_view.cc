#include "pages/chart_view.h"

#include <algorithm>
#include <chrono>

#include <nlohmann/json.hpp>

namespace grange {

ApiJson chart_view(const Chart& chart, const std::vector<double>& times,
                   const std::vector<std::string>& pages) {
  bool any = false;
  ApiJson data{{"kind", chart.kind}, {"times", times}, {"pages", pages}};
  data["lines"] = ApiJson::array();
  for (const auto& line : chart.lines) {
    ApiJson values = ApiJson::array();
    for (const auto& value : line.values) values.push_back(value ? ApiJson(*value) : ApiJson());
    any = any || std::count_if(line.values.begin(), line.values.end(),
                               [](const auto& value) { return value.has_value(); }) > 1;
    data["lines"].push_back({{"name", line.name}, {"values", std::move(values)}});
  }
  if (!any) return nullptr;
  return {{"title", chart.title},
          {"data", data.dump(-1, ' ', false, ApiJson::error_handler_t::replace)}};
}

double chart_time(const ApiJson& time) {
  const auto point = time.is_string() ? parse_api_time(time.get<std::string>()) : std::nullopt;
  if (!point) return 0;
  return std::chrono::duration<double>(point->time_since_epoch()).count();
}

}  // namespace grange
