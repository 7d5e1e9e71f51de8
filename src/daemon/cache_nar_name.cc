#include "daemon/cache_nar_name.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "derivation/store_path.h"

namespace grange {
namespace {

constexpr std::string_view kNarFolder = "nar/";
constexpr std::string_view kNarEnd = ".nar";
constexpr std::size_t kSha256Digits = nix32_length(32);
/// What Nix packs NARs with, also where we cannot (nix-store.md §7.1).
constexpr std::array<std::string_view, 8> kSuffixes = {"",    ".xz",   ".bz2", ".zst",
                                                       ".br", ".lzip", ".lz4", ".gz"};

bool is_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), is_nix32);
}

std::optional<Hash> sha256_of_digits(std::string_view digits) {
  if (digits.size() != kSha256Digits) return std::nullopt;
  const auto bytes = nix32_decode(digits);
  if (!bytes) return std::nullopt;
  return Hash(HashAlgorithm::sha256, *bytes);
}

}  // namespace

std::optional<MadeNarName> MadeNarName::try_parse(std::string_view key) {
  constexpr std::size_t kDash = StorePath::kHashLength;
  if (!key.starts_with(kNarFolder)) return std::nullopt;
  key.remove_prefix(kNarFolder.size());
  if (key.size() < kDash + 1 + kSha256Digits || key[kDash] != '-') return std::nullopt;
  if (!is_digits(key.substr(0, kDash))) return std::nullopt;
  const auto hash = sha256_of_digits(key.substr(kDash + 1, kSha256Digits));
  if (!hash) return std::nullopt;
  MadeNarName name{std::string(key.substr(0, kDash)), *hash};
  const auto end = key.substr(kDash + 1 + kSha256Digits);
  if (end == kNarEnd) return name;
  name.compression = NarCompression::zstd;
  if (end == std::string(kNarEnd) + std::string(file_suffix(name.compression))) return name;
  return std::nullopt;
}

std::string MadeNarName::to_string() const {
  return std::string(kNarFolder) + hash_part + "-" + nar_hash.digits(HashFormat::nix32) +
         std::string(kNarEnd) + std::string(file_suffix(compression));
}

std::optional<FileNarName> FileNarName::try_parse(std::string_view key) {
  if (!key.starts_with(kNarFolder)) return std::nullopt;
  key.remove_prefix(kNarFolder.size());
  const auto hash = sha256_of_digits(key.substr(0, kSha256Digits));
  if (!hash) return std::nullopt;
  key.remove_prefix(kSha256Digits);
  if (!key.starts_with(kNarEnd)) return std::nullopt;
  key.remove_prefix(kNarEnd.size());
  if (std::find(kSuffixes.begin(), kSuffixes.end(), key) == kSuffixes.end()) return std::nullopt;
  return FileNarName{*hash};
}

}  // namespace grange
