#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/stream.h"

namespace grange {

/// One label of a target map's text.
struct LabelOfMap {
  std::string map;           ///< a map with nothing else in it; an empty one: it is not there
  std::uint64_t labels = 0;  ///< how many the whole text has
};

/// Finds a label without making anything of the others. Throws InvalidError for what is no JSON
/// object, and where the label appears twice; of others only their nesting is looked at.
LabelOfMap find_label(std::string_view map, std::string_view label);

/// The same in a text that print_target_map wrote, with a line per label, as it streams by; `all`
/// hears the whole text. Nothing but lines is looked for: the text must be known to be ours.
LabelOfMap find_printed_label(Source& map, std::string_view label, Sink& all);

}  // namespace grange
