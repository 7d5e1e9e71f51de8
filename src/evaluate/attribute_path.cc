#include "evaluate/attribute_path.h"

#include "base/error.h"

namespace grange {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw InvalidError("attribute path '" + std::string(text) + "' " + std::string(why));
}

/// Reads a quoted piece that begins at `at` (behind the quote); `at` is then behind its end.
void read_quoted(std::string_view text, std::size_t& at, std::string& part) {
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    part += text[at];
  }
  if (at == text.size()) refuse(text, "has an open quote");
  ++at;
}

}  // namespace

std::vector<std::string> parse_attribute_path(std::string_view text) {
  std::vector<std::string> path;
  if (text.empty()) return path;
  std::string part;
  bool quoted = false;
  const auto finish = [&] {
    if (part.empty() && !quoted) refuse(text, "has an empty part");
    path.push_back(std::move(part));
    part.clear();
    quoted = false;
  };
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at++];
    if (c == '.') {
      finish();
    } else if (c == '"') {
      quoted = true;
      read_quoted(text, at, part);
    } else {
      part += c;
    }
  }
  finish();
  return path;
}

}  // namespace grange
