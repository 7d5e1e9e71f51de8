#include "derivation/structured_attributes.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "derivation/attribute_json.h"

namespace grange {
namespace {

using Json = nlohmann::json;

std::string shell_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (name.empty() || !is_letter(name.front())) return false;
  for (const char c : name) {
    if (!is_letter(c) && (c < '0' || c > '9')) return false;
  }
  return true;
}

/// Whole numbers as Nix 2.8 writes them, through a 32-bit int: 5000000000 becomes 705032704, and
/// floating-point numbers out of its range become the least int. Verified with Nix 2.8.0; the
/// builder's output depends on it. Nothing for a number that is not whole.
std::optional<std::string> number(const Json& value) {
  const auto rounded = value.get<float>();
  if (std::ceil(rounded) != rounded) return std::nullopt;
  if (value.is_number_unsigned()) {
    return std::to_string(
        static_cast<std::int32_t>(static_cast<std::uint32_t>(value.get<std::uint64_t>())));
  }
  if (value.is_number_integer()) {
    return std::to_string(static_cast<std::int32_t>(
        static_cast<std::uint32_t>(static_cast<std::uint64_t>(value.get<std::int64_t>()))));
  }
  using Limits = std::numeric_limits<std::int32_t>;
  const auto whole = std::trunc(value.get<double>());
  const bool fits = whole >= double{Limits::min()} && whole <= double{Limits::max()};
  return std::to_string(fits ? static_cast<std::int32_t>(whole) : Limits::min());
}

std::optional<std::string> scalar(const Json& value) {
  if (value.is_string()) return shell_quoted(value.get_ref<const std::string&>());
  if (value.is_number()) return number(value);
  if (value.is_null()) return "''";
  if (value.is_boolean()) return value.get<bool>() ? "1" : "";
  return std::nullopt;
}

std::optional<std::string> elements(const Json& value) {
  std::string text;
  for (const auto& [key, element] : value.items()) {
    const auto simple = scalar(element);
    if (!simple) return std::nullopt;
    if (value.is_object()) text += "[" + shell_quoted(key) + "]=";
    text += *simple + " ";
  }
  return text;
}

std::string shell_text(const Json& json) {
  std::string text;
  for (const auto& [key, value] : json.items()) {
    if (!is_variable_name(key)) continue;
    if (const auto simple = scalar(value)) {
      text += fmt::format("declare {}={}\n", key, *simple);
    } else if (value.is_structured()) {
      if (const auto inside = elements(value)) {
        text += fmt::format("declare -{} {}=({})\n", value.is_array() ? 'a' : 'A', key, *inside);
      }
    }
  }
  return text;
}

}  // namespace

AttributeFiles make_attribute_files(std::string_view json,
                                    const std::map<std::string, std::string>& outputs,
                                    const std::map<std::string, std::string>& graphs) {
  auto attributes = parse_attribute_json(json);
  if (!attributes.is_object()) throw InvalidError("structured attributes must be an object");
  attributes["outputs"] = outputs;
  for (const auto& [name, graph] : graphs) attributes[name] = parse_attribute_json(graph);
  return {attributes.dump(), shell_text(attributes)};
}

}  // namespace grange
