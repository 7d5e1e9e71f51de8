#include "archive/nar_format.h"

namespace grange {

void append_nar_number(std::string& out, std::uint64_t number) {
  for (int i = 0; i < 8; ++i) out += static_cast<char>(number >> (8 * i) & 0xff);
}

void append_nar_string(std::string& out, std::string_view text) {
  append_nar_number(out, text.size());
  out += text;
  out.append(nar_padding(text.size()), '\0');
}

std::uint64_t read_nar_number(const char* bytes) {
  std::uint64_t number = 0;
  for (int i = 7; i >= 0; --i) number = number << 8 | static_cast<std::uint8_t>(bytes[i]);
  return number;
}

bool is_nar_name(std::string_view name) {
  return !name.empty() && name.size() <= kNarMaxName && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

bool is_nar_target(std::string_view target) {
  return !target.empty() && target.size() <= kNarMaxTarget &&
         target.find('\0') == std::string_view::npos;
}

}  // namespace grange
