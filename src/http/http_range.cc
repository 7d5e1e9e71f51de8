#include "http/http_range.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/text.h"
#include "http/http_server_fields.h"

namespace grange {

namespace {

/// A position of any number of digits; what is beyond 64 bits is beyond every body.
std::optional<std::uint64_t> parse_position(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  return parse_number(text).value_or(std::numeric_limits<std::uint64_t>::max());
}

}  // namespace

std::variant<WholeBody, ByteRange, UnsatisfiableRange> parse_range(std::string_view text,
                                                                   std::uint64_t size) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos ||
      !equal_ignoring_case(trim(text.substr(0, equals)), "bytes")) {
    return WholeBody{};
  }
  const std::string_view range = trim(text.substr(equals + 1));
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return WholeBody{};
  const auto last = parse_position(range.substr(dash + 1));
  if (dash == 0) {
    if (!last) return WholeBody{};
    const std::uint64_t length = std::min(*last, size);
    if (length == 0) return UnsatisfiableRange{};
    return ByteRange{size - length, length};
  }
  const auto first = parse_position(range.substr(0, dash));
  const bool open_ended = dash + 1 == range.size();
  if (!first || (!last && !open_ended) || (last && *last < *first)) return WholeBody{};
  if (*first >= size) return UnsatisfiableRange{};
  const std::uint64_t end = last && *last < size ? *last + 1 : size;
  return ByteRange{*first, end - *first};
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.offset) + "-" +
         std::to_string(range.offset + range.length - 1) + "/" + std::to_string(size);
}

std::string unsatisfied_content_range(std::uint64_t size) {
  return "bytes */" + std::to_string(size);
}

}  // namespace grange
