#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace grange {

/// A line of a difference of two texts.
struct DifferenceLine {
  enum class Kind { kept, removed, added, left_out };
  struct Span {
    std::string text;
    bool changed = false;  ///< the words by which it differs from its counterpart
    friend bool operator==(const Span&, const Span&) = default;
  };
  Kind kind = Kind::kept;
  std::vector<Span> spans;
  std::size_t count = 0;  ///< of lines that are left out

  std::string text() const;
};

/// How one text becomes another, line by line, with a few lines around what differs. A line that
/// stands for another has the words marked by which they differ. Texts that are very long and very
/// different are told whole.
std::vector<DifferenceLine> text_difference(std::string_view base, std::string_view head,
                                            std::size_t context = 3);

}  // namespace grange
