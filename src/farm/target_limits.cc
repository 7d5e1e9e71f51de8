#include "farm/target_limits.h"

#include <nlohmann/json.hpp>

namespace grange {
namespace {

constexpr double kLongest = 365.0 * 24 * 3600;

Seconds seconds_of(const nlohmann::json& meta, const char* key) {
  const auto found = meta.find(key);
  if (found == meta.end() || !found->is_number()) return Seconds(0);
  const double value = found->get<double>();
  return value > 0 && value <= kLongest ? Seconds(value) : Seconds(0);
}

}  // namespace

StepLimits limits_of_meta(std::string_view meta_json) {
  StepLimits limits;
  if (meta_json.empty()) return limits;
  const auto meta = nlohmann::json::parse(meta_json, nullptr, /*allow_exceptions=*/false);
  if (!meta.is_object()) return limits;
  limits.timeout = seconds_of(meta, "timeout");
  limits.max_silent = seconds_of(meta, "maxSilent");
  const auto priority = meta.find("schedulingPriority");
  if (priority != meta.end() && priority->is_number_integer()) {
    const auto value = priority->get<std::int64_t>();
    if (value >= -1000000 && value <= 1000000) limits.priority = static_cast<int>(value);
  }
  return limits;
}

}  // namespace grange
