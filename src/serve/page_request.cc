#include "serve/page_request.h"

#include <limits>
#include <utility>

#include "base/text.h"
#include "http/url.h"
#include "serve/api_json.h"
#include "serve/problem.h"

namespace grange {
namespace {

[[noreturn]] void refuse_parameter(std::string_view name, std::string message) {
  throw InvalidFieldsError(InvalidFieldsError::Fields{{std::string(name), std::move(message)}});
}

}  // namespace

std::optional<std::string> text_parameter(const RequestTarget& target, std::string_view name) {
  const auto* value = target.parameter(name);
  if (value == nullptr) return std::nullopt;
  return *value;
}

std::optional<std::int64_t> integer_parameter(const RequestTarget& target, std::string_view name) {
  const auto value = text_parameter(target, name);
  if (!value) return std::nullopt;
  const auto number = parse_number(*value);
  if (!number || *number > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    refuse_parameter(name, "specified a number, got '" + printable(*value) + "'");
  }
  return static_cast<std::int64_t>(*number);
}

std::optional<bool> flag_parameter(const RequestTarget& target, std::string_view name) {
  const auto value = text_parameter(target, name);
  if (!value) return std::nullopt;
  if (*value == "true" || *value == "1" || value->empty()) return true;
  if (*value == "false" || *value == "0") return false;
  refuse_parameter(name, "specified true or false, got '" + printable(*value) + "'");
}

std::optional<TimePoint> time_parameter(const RequestTarget& target, std::string_view name) {
  const auto value = text_parameter(target, name);
  if (!value) return std::nullopt;
  const auto time = parse_api_time(*value);
  if (!time) {
    refuse_parameter(name,
                     "specified a time like 2026-01-31T12:00:00Z, got '" + printable(*value) + "'");
  }
  return time;
}

std::size_t page_limit(const RequestTarget& target, std::size_t otherwise, std::size_t most) {
  const auto value = integer_parameter(target, "limit");
  if (!value) return otherwise;
  if (*value < 1 || std::cmp_greater(*value, most)) {
    refuse_parameter("limit",
                     "specified 1 to " + std::to_string(most) + ", got " + std::to_string(*value));
  }
  return static_cast<std::size_t>(*value);
}

std::string next_link(const RequestTarget& target, std::string_view name, std::string_view key) {
  std::string link = percent_encode(target.path, "/") + "?";
  for (const auto& [parameter, value] : target.parameters) {
    if (parameter == name) continue;
    link += percent_encode(parameter) + "=" + percent_encode(value) + "&";
  }
  return link + std::string(name) + "=" + percent_encode(key);
}

}  // namespace grange
