#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "derivation/build_result.h"

namespace grange {

/// What a badge says of a target whose last finished build ended like this; nothing: it has none.
struct BadgeWord {
  std::string_view word;
  std::string_view colour;
};
BadgeWord badge_word(const std::optional<Outcome>& outcome);

/// A picture of two words beside each other. It needs nothing else, and runs nothing.
std::string badge_svg(std::string_view label, const BadgeWord& word);

}  // namespace grange
