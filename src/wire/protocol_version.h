#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace grange {

/// A version of the worker or serve protocol: 1.34, 2.7.
struct ProtocolVersion {
  unsigned major = 0;
  unsigned minor = 0;

  /// As it travels: the minor in the low byte, the major above it. Throws CorruptError where the
  /// number has bits above both.
  static ProtocolVersion from_number(std::uint64_t number);
  std::uint64_t number() const { return (std::uint64_t{major} << 8) | minor; }
  std::string to_string() const;

  friend auto operator<=>(const ProtocolVersion&, const ProtocolVersion&) = default;
};

/// The worker protocol that we announce, and the oldest that we speak: below it, replies lack what
/// a store must know of a path (nix-store.md §8.6).
inline constexpr ProtocolVersion kWorkerVersion{1, 38};
inline constexpr ProtocolVersion kOldestWorkerVersion{1, 16};
/// The serve protocol that we announce, and the oldest that we speak.
inline constexpr ProtocolVersion kServeVersion{2, 8};
inline constexpr ProtocolVersion kOldestServeVersion{2, 1};

}  // namespace grange
