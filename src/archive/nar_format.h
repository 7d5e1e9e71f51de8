#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace grange {

// The NAR grammar's fixed parts and its limits (nix-store.md §2.1, §2.2). Writer and reader hold to
// the same limits, so that what one writes the other reads.

inline constexpr std::string_view kNarMagic = "nix-archive-1";
inline constexpr std::size_t kNarMaxTag = 32;
inline constexpr std::size_t kNarMaxName = 255;
inline constexpr std::size_t kNarMaxTarget = 4095;
/// The root is at depth 0; no node is at this depth.
inline constexpr std::size_t kNarMaxDepth = 64;

/// How many zero bytes follow a string of `size` bytes.
constexpr std::size_t nar_padding(std::uint64_t size) {
  return static_cast<std::size_t>((8 - size % 8) % 8);
}

/// Appends a length as 8 little-endian bytes.
void append_nar_number(std::string& out, std::uint64_t number);
/// Appends length, bytes and padding.
void append_nar_string(std::string& out, std::string_view text);
std::uint64_t read_nar_number(const char* bytes);

/// May `name` be the name of a directory entry?
bool is_nar_name(std::string_view name);
/// May `target` be the target of a symlink?
bool is_nar_target(std::string_view target);

}  // namespace grange
