#include "base/terminal_text.h"

#include "base/text.h"

namespace grange {
namespace {

constexpr char kEscape = '\x1b';
constexpr char kBell = '\a';

/// How long the escape sequence at the start of `text` is (ECMA-48: control sequences, operating
/// system commands, and two-character ones); an unfinished one takes all the rest.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2) return text.size();
  std::size_t at = 2;
  if (text[1] == '[') {
    while (at < text.size() && (text[at] < '@' || text[at] > '~')) ++at;
    return at < text.size() ? at + 1 : at;
  }
  if (text[1] == ']') {
    while (at < text.size() && text[at] != kBell && text[at] != kEscape) ++at;
    if (at < text.size() && text[at] == kEscape) ++at;
    return at < text.size() ? at + 1 : at;
  }
  return 2;
}

}  // namespace

std::string plain_line(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  if (const auto last = line.rfind('\r'); last != std::string_view::npos) {
    line.remove_prefix(last + 1);
  }
  std::string plain;
  while (!line.empty()) {
    const auto escape = line.find(kEscape);
    plain += line.substr(0, escape);
    if (escape == std::string_view::npos) break;
    line.remove_prefix(escape);
    line.remove_prefix(escape_length(line));
  }
  return printable(plain);
}

}  // namespace grange
