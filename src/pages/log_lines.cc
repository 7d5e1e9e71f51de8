#include "pages/log_lines.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace grange {
namespace {

constexpr std::size_t kLongestLine = 16'384;

class Style {
 public:
  /// Parameters of "m", as "1;31".
  void set(std::string_view parameters) {
    for (const auto part : split(parameters, ';')) set_one(part);
  }
  std::string classes() const {
    std::string text;
    const auto add = [&](bool is_on, std::string_view name) {
      if (is_on) text.append(text.empty() ? "" : " ").append(name);
    };
    add(bold_, "bold");
    add(faint_, "faint");
    add(underlined_, "underlined");
    add(colour_ >= 0, colour_ >= 0 ? kColours.at(static_cast<std::size_t>(colour_)) : "");
    return text;
  }

 private:
  static constexpr std::array<std::string_view, 8> kColours{"black", "red",     "green", "yellow",
                                                            "blue",  "magenta", "cyan",  "white"};

  void set_one(std::string_view part) {
    int number = 0;
    for (const char digit : part.substr(0, 3)) {
      if (digit < '0' || digit > '9') return;
      number = number * 10 + (digit - '0');
    }
    if (number == 0) *this = Style();
    if (number == 1) bold_ = true;
    if (number == 2) faint_ = true;
    if (number == 4) underlined_ = true;
    if (number == 22) bold_ = faint_ = false;
    if (number == 24) underlined_ = false;
    if (number >= 30 && number <= 37) colour_ = number - 30;
    if (number >= 90 && number <= 97) colour_ = number - 90;
    if (number == 39) colour_ = -1;
  }

  bool bold_ = false;
  bool faint_ = false;
  bool underlined_ = false;
  int colour_ = -1;
};

/// How long the control sequence is that begins here with ESC; where it is one of styles, its
/// parameters.
std::size_t sequence_length(std::string_view text, std::optional<std::string_view>& style) {
  if (text.size() < 2) return text.size();
  if (text[1] == ']') {  // a string up to BEL or ESC backslash
    const auto end = text.find_first_of("\a\x1b", 2);
    if (end == std::string_view::npos) return text.size();
    return text[end] == '\a' ? end + 1 : std::min(text.size(), end + 2);
  }
  if (text[1] != '[') return 2;
  std::size_t at = 2;
  while (at < text.size() && text[at] >= 0x20 && text[at] < 0x40) ++at;
  if (at >= text.size()) return text.size();
  if (text[at] == 'm') style = text.substr(2, at - 2);
  return at + 1;
}

/// What a carriage return goes back over is gone.
std::string_view last_pass(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  const auto at = line.rfind('\r');
  return at == std::string_view::npos ? line : line.substr(at + 1);
}

bool is_control(char byte) {
  return (static_cast<unsigned char>(byte) < 0x20 && byte != '\t') || byte == 0x7f;
}

}  // namespace

std::vector<LogSpan> log_spans(std::string_view line) {
  line = last_pass(line).substr(0, kLongestLine);
  std::vector<LogSpan> spans;
  Style style;
  std::string text;
  const auto end_span = [&] {
    if (!text.empty()) spans.push_back({style.classes(), text});
    text.clear();
  };
  for (std::size_t at = 0; at < line.size();) {
    if (line[at] == '\x1b') {
      std::optional<std::string_view> changed;
      at += sequence_length(line.substr(at), changed);
      if (!changed) continue;
      end_span();
      style.set(*changed);
      continue;
    }
    if (!is_control(line[at])) text.push_back(line[at]);
    ++at;
  }
  end_span();
  return spans;
}

bool is_error_line(std::string_view line) {
  constexpr std::array<std::string_view, 7> kMarks{"error:", "Error:", "ERROR",      "FAILED",
                                                   "fatal:", "*** ",   "panicked at"};
  return std::any_of(kMarks.begin(), kMarks.end(), [&](std::string_view mark) {
    return line.find(mark) != std::string_view::npos;
  });
}

}  // namespace grange
