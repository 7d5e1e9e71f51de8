#include "evaluate/nix_message.h"

#include <cstdint>
#include <vector>

#include "base/text.h"

namespace grange {
namespace {

/// The length of the well-formed UTF-8 sequence that `text` begins with; 0 when there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  const std::size_t length = first < 0x80         ? 1
                             : first >> 5 == 0x6  ? 2
                             : first >> 4 == 0xe  ? 3
                             : first >> 3 == 0x1e ? 4
                                                  : 0;
  if (length == 0 || length > text.size()) return 0;
  return is_utf8(text.substr(0, length)) ? length : 0;
}

bool starts_error(std::string_view line) {
  return line.starts_with("error:");
}

/// A line that nix writes between results: what stands before it belongs to no error behind it.
bool starts_other(std::string_view line) {
  return line.starts_with("trace: ") || line.starts_with("warning: ");
}

/// "   12| code", "     | ^".
bool is_excerpt(std::string_view line) {
  line = trim(line);
  const auto bar = line.find('|');
  return bar != std::string_view::npos &&
         line.substr(0, bar).find_first_not_of("0123456789") == std::string_view::npos;
}

/// The lines of the last error, which runs to the end.
std::vector<std::string_view> error_lines(const std::vector<std::string_view>& lines) {
  std::vector<std::string_view> error;
  for (const auto line : lines) {
    if (starts_other(line)) {
      error.clear();
    } else if (!error.empty() || starts_error(line)) {
      error.push_back(line);
    }
  }
  if (!error.empty()) return error;
  // A message that itself holds a line like a trace.
  for (const auto line : lines) {
    if (!error.empty() || starts_error(line)) error.push_back(line);
  }
  return error;
}

std::string bounded(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  text.resize(limit > 4 ? limit - 4 : 0);
  while (!text.empty() && !is_utf8(text)) text.pop_back();
  return text + " …";
}

}  // namespace

std::string to_utf8(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto length = sequence_length(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return out;
}

std::string without_escapes(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\x1b') {
      if (text[i] != '\r') out += text[i];
      continue;
    }
    // CSI: parameters, then one final byte in @ to ~. Any other escape is two characters.
    if (++i < text.size() && text[i] == '[') {
      while (++i < text.size() && (text[i] < '@' || text[i] > '~')) {
      }
    }
  }
  return out;
}

std::string nix_error_message(std::string_view output, std::string_view own_file,
                              std::size_t limit) {
  const std::string plain = without_escapes(output);
  std::string message;
  bool in_trace = false;
  for (auto line : error_lines(split(plain, '\n'))) {
    if (starts_error(line)) line.remove_prefix(6);
    line = trim(line);
    // Newer nix tells the traces first and the error last.
    if (starts_error(line)) {
      line = trim(line.substr(6));
      in_trace = false;
      message.clear();
    }
    if (line.starts_with("… ")) in_trace = true;
    if (line.empty() || in_trace || is_excerpt(line)) continue;
    if (line.starts_with("(use '--show-trace'")) continue;
    if (!own_file.empty() && line.starts_with("at ") &&
        line.find(own_file) != std::string_view::npos) {
      continue;
    }
    if (line.starts_with("at ") && line.ends_with(':')) line.remove_suffix(1);
    if (!message.empty()) message += '\n';
    message += line;
  }
  return bounded(to_utf8(message), limit);
}

}  // namespace grange
