#pragma once

#include <string>
#include <string_view>

namespace grange {

/// How wide a text of this size may be, in pixels. An estimate for the usual sans-serif faces,
/// generous: the face of who looks at it isn't known.
double estimated_text_width(std::string_view text, double font_size, bool bold = false);

/// `text` (UTF-8) if it fits the width by that estimate; otherwise its start and its end with "…"
/// between them. Names of packages differ at both ends.
std::string shortened_in_middle(std::string_view text, double width, double font_size,
                                bool bold = false);

/// Any bytes as the content of an XML element or attribute: markup escaped, and what XML can't hold
/// (control characters, text that is not UTF-8) written as \xNN.
std::string xml_text(std::string_view text);

}  // namespace grange
