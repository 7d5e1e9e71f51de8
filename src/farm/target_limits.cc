#include "farm/target_limits.h"

#include <algorithm>

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

StepLimits limits_of_meta(std::string_view meta_json, int usual_priority) {
  StepLimits limits;
  limits.priority = usual_priority;
  if (meta_json.empty()) return limits;
  const auto meta = nlohmann::json::parse(meta_json, nullptr, /*allow_exceptions=*/false);
  if (!meta.is_object()) return limits;
  limits.timeout = seconds_of(meta, "timeout");
  limits.max_silent = seconds_of(meta, "maxSilent");
  const auto log = meta.find("maxLogSize");
  if (log != meta.end() && log->is_number_unsigned()) {
    limits.max_log_bytes = log->get<std::uint64_t>();
  }
  const auto priority = meta.find("schedulingPriority");
  if (priority != meta.end() && priority->is_number_integer()) {
    const auto value = priority->get<std::int64_t>();
    if (value >= -1000000 && value <= 1000000) limits.priority = static_cast<int>(value);
  }
  return limits;
}

StepLimits limits_in_run(const StepLimits& of_meta, const StepLimits& of_run) {
  StepLimits limits;  // zero is what was not set, and takes nothing from the other
  limits.timeout = std::max(of_meta.timeout, of_run.timeout);
  limits.max_silent = std::max(of_meta.max_silent, of_run.max_silent);
  limits.max_log_bytes = std::max(of_meta.max_log_bytes, of_run.max_log_bytes);
  limits.priority = of_meta.priority != 0 ? of_meta.priority : of_run.priority;
  return limits;
}

}  // namespace grange
