#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grange {

/// What a request asks for, taken apart: "/nar/x%20y?a=1&b" has the path "/nar/x y" and the
/// parameters a=1 and b="".
struct RequestTarget {
  static constexpr std::size_t kMaximumLength = std::size_t{8} << 10;
  static constexpr std::size_t kMaximumParameters = 256;

  /// Percent-decoded; begins with "/" (or is "*", which OPTIONS may ask for). Has no NUL and no
  /// segment "." or "..", also none that was hidden behind percent signs. A decoded "%2F" cannot be
  /// told from a separator.
  std::string path;
  /// As it was sent, without the "?".
  std::string query;
  /// The query decoded ("+" is a space), in its order.
  std::vector<std::pair<std::string, std::string>> parameters;

  /// Origin form, or absolute form ("http://host/path", as to a proxy), whose host is dropped.
  /// Throws InvalidError.
  static RequestTarget parse(std::string_view text);

  /// The first parameter of this name; null when there is none.
  const std::string* parameter(std::string_view name) const;
};

}  // namespace grange
