#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace grange {

/// A part of a body: `length` is positive and `offset + length` at most the body's size.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// Send all of it: no range was asked for, or several, or one that is malformed or in another unit
/// (RFC 9110, 14.2, lets a server ignore all of these).
struct WholeBody {
  friend bool operator==(const WholeBody&, const WholeBody&) = default;
};
/// A well-formed range of which the body has no byte: 416.
struct UnsatisfiableRange {
  friend bool operator==(const UnsatisfiableRange&, const UnsatisfiableRange&) = default;
};

/// What the value of a Range field ("bytes=0-99", "bytes=100-", "bytes=-5") asks of a body of
/// `size` bytes. A last position beyond the end, or a suffix longer than the body, is cut to it.
/// Any text is fine.
std::variant<WholeBody, ByteRange, UnsatisfiableRange> parse_range(std::string_view text,
                                                                   std::uint64_t size);

/// The value of Content-Range: "bytes 0-99/1234".
std::string content_range(const ByteRange& range, std::uint64_t size);
/// The same with 416: "bytes */1234".
std::string unsatisfied_content_range(std::uint64_t size);

}  // namespace grange
