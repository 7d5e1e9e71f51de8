#pragma once

#include <string>
#include <string_view>

namespace grange {

/// Appends `text` to `to` as a JSON string with its quotes; only what JSON demands is escaped.
/// For writing many small documents quickly. Throws InvalidError unless `text` is UTF-8.
void append_json_string(std::string& to, std::string_view text);
/// The same, but bytes that are not UTF-8 are written as they are, as Nix 2.8 does.
void append_json_bytes(std::string& to, std::string_view text);

}  // namespace grange
