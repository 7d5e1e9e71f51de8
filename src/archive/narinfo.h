#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "derivation/path_info.h"

namespace grange {

/// How the NAR of a binary cache is packed.
enum class NarCompression : std::uint8_t { none, bzip2, xz, zstd, brotli };
std::string_view to_string(NarCompression compression) noexcept;  ///< "none", "xz", …, "br"
/// As `Compression:` names them; nothing for one that we do not read.
std::optional<NarCompression> parse_nar_compression(std::string_view text) noexcept;
/// What the name of such a file ends in: "", ".xz", ".zst", ".bz2", ".br".
std::string_view file_suffix(NarCompression compression) noexcept;

/// A path as a binary cache tells of it (nix-store.md §7.2): where its NAR is, and what it is.
struct NarInfo {
  PathInfo info;
  std::string url;  ///< of the NAR, relative to the cache
  NarCompression compression = NarCompression::none;
  std::optional<Hash> file_hash;             ///< of the packed NAR
  std::optional<std::uint64_t> file_size{};  ///< bytes of the packed NAR
};

inline constexpr std::size_t kMaxNarInfoSize = std::size_t{8} << 20;

/// Strict about what counts: CorruptError for what is missing, twice there or malformed, naming the
/// line. Keys that are not known are passed over.
NarInfo parse_narinfo(const StoreDir& store, std::string_view text);

/// In Nix's order of lines.
std::string print_narinfo(const StoreDir& store, const NarInfo& narinfo);

}  // namespace grange
