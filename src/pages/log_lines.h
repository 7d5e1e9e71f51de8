#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grange {

/// A piece of a line of a log in one style.
struct LogSpan {
  std::string style;  ///< classes of web/static/style.css: "bold red"; empty: none
  std::string text;
  friend bool operator==(const LogSpan&, const LogSpan&) = default;
};

/// A line of a log as a terminal would show it: the colours of ECMA-48 (SGR) become styles, what a
/// carriage return goes back over is gone, other control sequences and characters are left out.
std::vector<LogSpan> log_spans(std::string_view line);

/// Does a line look like an error message? The line that most likely says why a build failed is the
/// first of the last of these.
bool is_error_line(std::string_view line);
/// The messages of one failure stand so close together.
inline constexpr std::size_t kLinesOfFailure = 20;

}  // namespace grange
