#include "derivation/json_string.h"

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

void append_escape(std::string& to, char character) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (character) {
    case '"':
      to += "\\\"";
      return;
    case '\\':
      to += "\\\\";
      return;
    case '\n':
      to += "\\n";
      return;
    case '\r':
      to += "\\r";
      return;
    case '\t':
      to += "\\t";
      return;
    default:
      to += "\\u00";
      to += kDigits[static_cast<unsigned char>(character) >> 4];
      to += kDigits[static_cast<unsigned char>(character) & 15];
  }
}

}  // namespace

void append_json_string(std::string& to, std::string_view text) {
  if (!is_utf8(text)) {
    throw InvalidError("text '" + printable(text) + "' is not UTF-8 and cannot be written as JSON");
  }
  append_json_bytes(to, text);
}

void append_json_bytes(std::string& to, std::string_view text) {
  to += '"';
  std::size_t plain = 0;  // where the run begins that needs no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    to.append(text, plain, i - plain);
    append_escape(to, text[i]);
    plain = i + 1;
  }
  to.append(text, plain);
  to += '"';
}

}  // namespace grange
