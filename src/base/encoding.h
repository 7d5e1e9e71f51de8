#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace grange {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Lower-case hexadecimal.
std::string base16_encode(ByteView bytes);
/// Upper or lower case; nothing when the length is odd or a character is no hex digit.
std::optional<Bytes> base16_decode(std::string_view text);

/// The characters of Nix's base 32, in order of value (no e, o, u, t).
inline constexpr std::string_view kNix32Alphabet = "0123456789abcdfghijklmnpqrsvwxyz";

/// Digits that `size` bytes need in Nix's base 32.
constexpr std::size_t nix32_length(std::size_t size) {
  return size == 0 ? 0 : (size * 8 - 1) / 5 + 1;
}
/// The value of one base-32 digit, or 0xff.
std::uint8_t nix32_digit(char character) noexcept;
inline bool is_nix32(char character) noexcept {
  return nix32_digit(character) != 0xff;
}
/// Nix's base 32: the bytes as one little-endian number, most significant digit first.
std::string nix32_encode(ByteView bytes);
/// Nothing when a character is foreign or digits hold bits beyond the last byte.
std::optional<Bytes> nix32_decode(std::string_view text);

/// RFC 4648 base 64 with padding.
std::string base64_encode(ByteView bytes);
/// Strict: padding present, no white space, unused bits zero.
std::optional<Bytes> base64_decode(std::string_view text);

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace grange
