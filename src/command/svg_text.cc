#include "command/svg_text.h"

#include <cstdint>
#include <vector>

#include "base/text.h"

namespace grange {
namespace {

constexpr std::string_view kEllipsis = "…";

struct Character {
  std::size_t start;
  std::size_t size;
};

/// The characters of a text; a byte that starts none stands for itself.
std::vector<Character> characters(std::string_view text) {
  std::vector<Character> result;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    size = std::min(size, text.size() - at);
    result.push_back({at, size});
    at += size;
  }
  return result;
}

/// In thousandths of the font size, after DejaVu Sans, the widest of the faces in common use.
double advance(std::string_view character) {
  if (character.size() > 2) return character == kEllipsis ? 1000 : 1050;  // may be full-width
  if (character.size() == 2) return 700;
  const char c = character[0];
  if (std::string_view("ijlI.,:;'| ").find(c) != std::string_view::npos) return 330;
  if (std::string_view("ftr()[]/\\!-\"").find(c) != std::string_view::npos) return 400;
  if (std::string_view("mwMW@%+=<>~").find(c) != std::string_view::npos) return 920;
  if (c >= 'A' && c <= 'Z') return 720;
  return 630;
}

double em(double font_size, bool bold) {
  constexpr double kBolder = 1.1;
  return font_size / 1000 * (bold ? kBolder : 1);
}

}  // namespace

double estimated_text_width(std::string_view text, double font_size, bool bold) {
  double sum = 0;
  for (const auto& [start, size] : characters(text)) sum += advance(text.substr(start, size));
  return sum * em(font_size, bold);
}

std::string shortened_in_middle(std::string_view text, double width, double font_size, bool bold) {
  if (estimated_text_width(text, font_size, bold) <= width) return std::string(text);
  const auto all = characters(text);
  double left = width / em(font_size, bold) - advance(kEllipsis);
  // One from the start, one from the end, in turn, as long as there is room.
  std::size_t head = 0;
  std::size_t tail = 0;
  while (head + tail < all.size()) {
    const bool from_head = head <= tail;
    const auto& [start, size] = all[from_head ? head : all.size() - 1 - tail];
    left -= advance(text.substr(start, size));
    if (left < 0) break;
    ++(from_head ? head : tail);
  }
  const std::size_t cut = head < all.size() ? all[head].start : text.size();
  const std::size_t resume = tail > 0 ? all[all.size() - tail].start : text.size();
  return std::string(text.substr(0, cut)) + std::string(kEllipsis) +
         std::string(text.substr(resume));
}

std::string xml_text(std::string_view text) {
  std::string result;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  // Valid UTF-8, but no characters of XML.
  result = replace_all(std::move(result), "\xef\xbf\xbe", "\\xef\\xbf\\xbe");
  return replace_all(std::move(result), "\xef\xbf\xbf", "\\xef\\xbf\\xbf");
}

}  // namespace grange
