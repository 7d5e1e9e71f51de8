#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.h"

namespace grange {

enum class HashAlgorithm : std::uint8_t { md5, sha1, sha256, sha512 };

std::string_view to_string(HashAlgorithm algorithm) noexcept;
/// "md5", "sha1", "sha256", "sha512"; nothing for any other text.
std::optional<HashAlgorithm> parse_hash_algorithm(std::string_view text) noexcept;
std::size_t digest_size(HashAlgorithm algorithm) noexcept;

enum class HashFormat { base16, nix32, base64, sri };

/// A digest and the algorithm that made it. A value: no state, cheap to copy, compared by
/// algorithm and then bytes.
class Hash {
 public:
  /// All zero bytes.
  explicit Hash(HashAlgorithm algorithm) noexcept : algorithm_(algorithm) {}
  /// `bytes` must have exactly the algorithm's digest size (checked).
  Hash(HashAlgorithm algorithm, ByteView bytes);

  /// Any spelling of nix-store.md §1.1: "ALGO:BASE16|BASE32|BASE64", "ALGO-BASE64" (SRI), or the
  /// bare digits where `expected` names the algorithm. The encoding goes by length. Throws
  /// InvalidError.
  static Hash parse(std::string_view text, std::optional<HashAlgorithm> expected = std::nullopt);

  HashAlgorithm algorithm() const noexcept { return algorithm_; }
  ByteView bytes() const noexcept { return {bytes_.data(), digest_size(algorithm_)}; }

  /// Digits only ("sri" includes its algorithm by nature).
  std::string digits(HashFormat format) const;
  /// "ALGO:DIGITS", or SRI.
  std::string to_string(HashFormat format) const;

  friend auto operator<=>(const Hash&, const Hash&) = default;

 private:
  HashAlgorithm algorithm_;
  std::array<std::uint8_t, 64> bytes_{};
};

/// Hashing in pieces. Not thread safe; reusable after `finish`.
class Hasher {
 public:
  explicit Hasher(HashAlgorithm algorithm);
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  Hasher& update(std::string_view data);
  /// The digest of everything since construction or the last `finish`; starts anew.
  Hash finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Hash hash_bytes(HashAlgorithm algorithm, std::string_view data);

/// SHA-256 alone, as 32 plain bytes: what graphs and ids keep by the million.
using Sha256 = std::array<std::uint8_t, 32>;
/// Uses one context per thread: 500-byte messages cost about 0.4 µs.
Sha256 sha256(std::string_view data);
inline Hash to_hash(const Sha256& digest) {
  return {HashAlgorithm::sha256, digest};
}

/// Nix's compression of a digest to 20 bytes (XOR, wrapping round); nix-store.md §1.3.
std::array<std::uint8_t, 20> fold_hash(ByteView digest);

}  // namespace grange
