#include "pages/badge_svg.h"

#include <cmath>

#include <fmt/format.h>

#include "daemon/cache_index_page.h"
#include "pages/shown_text.h"

namespace grange {
namespace {

constexpr std::size_t kLongestLabel = 60;
constexpr std::size_t kMargin = 12;

/// Of a text in the font, about; readers may not have it, and fit theirs to that.
std::size_t width_of(std::string_view text) {
  double width = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xc0U) == 0x80U) continue;
    const bool is_narrow =
        std::string_view("ijl.,:;'|!()[] ft-r1/").find(c) != std::string_view::npos;
    const bool is_wide = std::string_view("mwMW@%").find(c) != std::string_view::npos;
    width += is_narrow ? 4.4 : is_wide ? 10 : 7;
  }
  return static_cast<std::size_t>(std::lround(width));
}

/// Code points.
std::size_t letters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1 : 0;
  return count;
}

/// Cut at a whole letter.
std::string shortened(std::string text) {
  if (letters(text) <= kLongestLabel) return text;
  std::size_t at = 0;
  for (std::size_t count = 0; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80U;
    if (begins && ++count == kLongestLabel) break;
  }
  return text.substr(0, at) + "…";
}

}  // namespace

BadgeWord badge_word(const std::optional<Outcome>& outcome) {
  constexpr std::string_view kGood = "#1a6b34", kBad = "#b3261e", kNothing = "#5c6066";
  if (!outcome) return {"no builds", kNothing};
  switch (*outcome) {
    case Outcome::good:
      return {"good", kGood};
    case Outcome::unsupported:
    case Outcome::aborted:
    case Outcome::cancelled:
    case Outcome::unknown:
      return {to_string(*outcome), kNothing};
    default:
      return {to_string(*outcome), kBad};
  }
}

std::string badge_svg(std::string_view label, const BadgeWord& word) {
  const auto shown = shortened(shown_text(label));
  const auto left = width_of(shown) + kMargin;
  const auto right = width_of(word.word) + kMargin;
  return fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" width="{all}" height="20" role="img" aria-label="{label}: {word}">)"
      R"(<title>{label}: {word}</title>)"
      R"(<clipPath id="round"><rect width="{all}" height="20" rx="3"/></clipPath>)"
      R"svg(<g clip-path="url(#round)"><rect width="{left}" height="20" fill="#3a3f45"/>)svg"
      R"(<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>)"
      R"(<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">)"
      R"(<text x="6" y="14" textLength="{left_text}" lengthAdjust="spacingAndGlyphs">{label}</text>)"
      R"(<text x="{right_at}" y="14" textLength="{right_text}" lengthAdjust="spacingAndGlyphs">{word}</text>)"
      R"(</g></svg>)"
      "\n",
      fmt::arg("all", left + right), fmt::arg("left", left), fmt::arg("right", right),
      fmt::arg("label", escape_html(shown)), fmt::arg("word", escape_html(word.word)),
      fmt::arg("colour", word.colour), fmt::arg("left_text", left - kMargin),
      fmt::arg("right_at", left + 6), fmt::arg("right_text", right - kMargin));
}

}  // namespace grange
