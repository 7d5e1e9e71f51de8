#pragma once

#include <string>
#include <string_view>

namespace grange {

/// One line as a terminal would show it in the end, without colours: escape sequences are left out,
/// a carriage return starts the line anew, other control characters are escaped.
std::string plain_line(std::string_view line);

}  // namespace grange
