#include "base/encoding.h"

#include <array>

namespace grange {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::uint8_t, 256> reverse(std::string_view alphabet) {
  std::array<std::uint8_t, 256> table{};
  table.fill(0xff);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}

constexpr auto kNix32Reverse = reverse(kNix32Alphabet);
constexpr auto kBase64Reverse = reverse(kBase64);

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string base16_encode(ByteView bytes) {
  std::string text(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text[2 * i] = kHex[bytes[i] >> 4];
    text[2 * i + 1] = kHex[bytes[i] & 15];
  }
  return text;
}

std::optional<Bytes> base16_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = hex_digit(text[2 * i]);
    const int low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return bytes;
}

std::uint8_t nix32_digit(char character) noexcept {
  return kNix32Reverse[static_cast<std::uint8_t>(character)];
}

std::string nix32_encode(ByteView bytes) {
  const std::size_t length = nix32_length(bytes.size());
  std::string text(length, '\0');
  for (std::size_t k = 0; k < length; ++k) {
    const std::size_t bit = 5 * k;
    const std::size_t index = bit / 8;
    unsigned value = static_cast<unsigned>(bytes[index]) >> (bit % 8);
    if (index + 1 < bytes.size()) value |= static_cast<unsigned>(bytes[index + 1]) << (8 - bit % 8);
    text[length - 1 - k] = kNix32Alphabet[value & 31];
  }
  return text;
}

std::optional<Bytes> nix32_decode(std::string_view text) {
  Bytes bytes(text.size() * 5 / 8);
  if (nix32_length(bytes.size()) != text.size()) return std::nullopt;
  for (std::size_t k = 0; k < text.size(); ++k) {
    const unsigned digit = nix32_digit(text[text.size() - 1 - k]);
    if (digit == 0xff) return std::nullopt;
    const std::size_t bit = 5 * k;
    const std::size_t index = bit / 8;
    bytes[index] = static_cast<std::uint8_t>(bytes[index] | digit << (bit % 8));
    const unsigned carry = digit >> (8 - bit % 8);
    if (index + 1 < bytes.size()) {
      bytes[index + 1] = static_cast<std::uint8_t>(bytes[index + 1] | carry);
    } else if (carry != 0) {
      return std::nullopt;
    }
  }
  return bytes;
}

std::string base64_encode(ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const unsigned group = static_cast<unsigned>(bytes[i]) << 16 |
                           (left > 1 ? static_cast<unsigned>(bytes[i + 1]) << 8 : 0) |
                           (left > 2 ? static_cast<unsigned>(bytes[i + 2]) : 0);
    text += kBase64[group >> 18];
    text += kBase64[group >> 12 & 63];
    text += left > 1 ? kBase64[group >> 6 & 63] : '=';
    text += left > 2 ? kBase64[group & 63] : '=';
  }
  return text;
}

std::optional<Bytes> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  unsigned group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pad = i >= text.size() - padding;
    const unsigned digit = pad ? 0 : kBase64Reverse[static_cast<std::uint8_t>(text[i])];
    if (digit == 0xff) return std::nullopt;
    group = group << 6 | digit;
    if (i % 4 != 3) continue;
    bytes.push_back(static_cast<std::uint8_t>(group >> 16 & 255));
    bytes.push_back(static_cast<std::uint8_t>(group >> 8 & 255));
    bytes.push_back(static_cast<std::uint8_t>(group & 255));
    group = 0;
  }
  for (std::size_t i = 0; i < padding; ++i) {
    if (bytes.back() != 0) return std::nullopt;
    bytes.pop_back();
  }
  return bytes;
}

}  // namespace grange
