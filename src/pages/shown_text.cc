#include "pages/shown_text.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace grange {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// How long the character would be that begins so; 0: none does.
std::size_t length_of(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  if (first >= 0xF0 && first < 0xF5) return 4;
  return 0;
}

bool is_hidden(std::string_view character) {
  if (character.size() == 1) {
    const auto byte = static_cast<unsigned char>(character[0]);
    return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
  }
  if (character.size() == 2) {  // U+0080 to U+009F, controls
    return character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
  }
  // U+202A to U+202E and U+2066 to U+2069 turn directions.
  return (character >= "\xE2\x80\xAA" && character <= "\xE2\x80\xAE") ||
         (character >= "\xE2\x81\xA6" && character <= "\xE2\x81\xA9");
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

std::string shown_text(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  const auto is_plain = [](char letter) { return letter >= ' ' && letter < '\x7f'; };
  for (std::size_t at = 0; at < text.size();) {
    const auto plain = static_cast<std::size_t>(
        std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), is_plain) -
        text.begin());
    shown.append(text.substr(at, plain - at));
    at = plain;
    if (at == text.size()) break;
    const auto length = length_of(static_cast<unsigned char>(text[at]));
    const auto character = text.substr(at, length);
    if (length == 0 || character.size() < length || !is_utf8(character)) {
      shown.append(kReplacement);
      ++at;
      continue;
    }
    shown.append(is_hidden(character) ? kReplacement : character);
    at += length;
  }
  return shown;
}

std::size_t find_whatever_case(std::string_view text, std::string_view sought, std::size_t at) {
  if (at > text.size()) return text.npos;
  const auto found =
      std::search(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), sought.begin(),
                  sought.end(), [](char a, char b) { return lower(a) == lower(b); });
  if (found == text.end() && !sought.empty()) return text.npos;
  return static_cast<std::size_t>(found - text.begin());
}

}  // namespace grange
