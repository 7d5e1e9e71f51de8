#pragma once

#include <string>
#include <string_view>

namespace grange {

/// How an answer for people is printed.
struct OutputStyle {
  bool colour = false;
  std::string pager;     ///< a command for the shell; empty: none
  std::size_t rows = 0;  ///< of the terminal: what is longer is paged

  /// From what standard output is, and NO_COLOR, TERM, GRANGE_PAGER, PAGER. No colours and no pager
  /// where it is no terminal.
  static OutputStyle of_stdout();
};

/// `text` with colours: what came in green, what went in red, names of causes bold, warnings.
/// Works on the lines of explanation_text and its like.
std::string coloured(std::string_view text);

/// Prints to standard output in this style: through the pager where the text is longer than the
/// terminal. A pager that cannot be started is gone without. Throws SystemError when writing fails.
void print_answer(const std::string& text, const OutputStyle& style);

}  // namespace grange
