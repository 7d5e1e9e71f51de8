#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace grange {

/// The parts of a dotted attribute path, as -A takes it: `a."b.c".d`; a backslash in quotes makes
/// the next character plain. The inverse of make_label. An empty text is the empty path (the root).
/// Throws InvalidError for an empty part without quotes or an open quote.
std::vector<std::string> parse_attribute_path(std::string_view text);

}  // namespace grange
