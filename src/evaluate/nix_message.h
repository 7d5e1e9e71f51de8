#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace grange {

/// `text` with every byte that is not part of well-formed UTF-8 replaced by U+FFFD.
std::string to_utf8(std::string_view text);

/// `text` without terminal escapes.
std::string without_escapes(std::string_view text);

/// What nix meant to say, from what it wrote to standard error: the message of its first error and
/// where ("at FILE:LINE:COLUMN"), without traces, warnings, colours and excerpts of code. UTF-8, at
/// most `limit` bytes. Empty when there is no error in it. Positions in `own_file` are left out.
std::string nix_error_message(std::string_view output, std::string_view own_file = {},
                              std::size_t limit = 8192);

}  // namespace grange
