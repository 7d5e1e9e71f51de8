#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grange {

std::vector<std::string_view> split(std::string_view text, char separator);
/// Without empty pieces.
std::vector<std::string_view> split_words(std::string_view text);
std::string_view trim(std::string_view text);
std::string join(const std::vector<std::string>& pieces, std::string_view separator);
/// Every occurrence of `from` (not empty) becomes `to`.
std::string replace_all(std::string text, std::string_view from, std::string_view to);
/// A whole unsigned decimal number without sign or spaces; nothing otherwise.
std::optional<std::uint64_t> parse_number(std::string_view text);
/// Is it UTF-8 throughout?
bool is_utf8(std::string_view text);
/// "1.2 GB", "340 kB", "17 B".
std::string format_bytes(std::uint64_t bytes);
/// "0.3 s", "42 s", "3 min 5 s", "2 h 7 min".
std::string format_duration(double seconds);
/// "1,234,567".
std::string format_count(std::uint64_t number);
/// "1 target", "2 targets": the noun gets an s.
std::string plural(std::uint64_t number, std::string_view noun);
/// Control characters (also ESC) and bytes that are not UTF-8 written as \xNN, so that foreign text
/// cannot drive a terminal.
std::string printable(std::string_view text);

}  // namespace grange
