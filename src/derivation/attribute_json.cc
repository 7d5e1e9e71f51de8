#include "derivation/attribute_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "derivation/json_value.h"

namespace grange {

nlohmann::json parse_attribute_json(std::string_view text) {
  if (text.size() > kMaxAttributesBytes) {
    throw InvalidError(
        fmt::format("it has {} bytes; the limit is {}", text.size(), kMaxAttributesBytes));
  }
  using nlohmann::json;
  const auto check_depth = [](int depth, json::parse_event_t event, const json&) {
    const bool begins =
        event == json::parse_event_t::array_start || event == json::parse_event_t::object_start;
    if (begins && depth >= static_cast<int>(kMaxJsonDepth)) {
      throw InvalidError(fmt::format("it is nested more than {} deep", kMaxJsonDepth));
    }
    return true;
  };
  try {
    return json::parse(text, check_depth);
  } catch (const json::exception& error) {
    throw InvalidError(printable(error.what()));
  }
}

}  // namespace grange
