#pragma once

#include <string>
#include <string_view>

namespace grange {

/// A text as a page may hold it: U+FFFD in the place of what is no UTF-8, of control characters but
/// tab and line breaks, and of what would turn the direction of the text around it.
std::string shown_text(std::string_view text);

/// Where `sought` is in `text` from `at` on, whatever the case of ASCII letters; npos: nowhere.
std::size_t find_whatever_case(std::string_view text, std::string_view sought, std::size_t at = 0);

}  // namespace grange
