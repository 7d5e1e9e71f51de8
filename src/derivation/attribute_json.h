#pragma once

#include <cstddef>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace grange {

/// How large the text of structured attributes may be.
inline constexpr std::size_t kMaxAttributesBytes = std::size_t{64} << 20;

/// The JSON of structured attributes, with its size and depth bounded. A key that stands twice
/// counts the last time. Throws InvalidError.
nlohmann::json parse_attribute_json(std::string_view text);

}  // namespace grange
