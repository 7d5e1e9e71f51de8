#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>

namespace grange {

struct UnpackLimits {
  std::uint64_t max_bytes = std::uint64_t{1} << 36;  ///< of all files' contents together
  std::uint64_t max_entries = 5'000'000;
};

struct UnpackHooks {
  std::function<void(const std::string&)> report;  ///< warnings
  std::function<void()> checkpoint;                ///< called often; may throw to stop it
};

/// Unpacks a tar, zip or cpio archive, plain or compressed with gzip, bzip2, xz, lzma, zstd, lz4 or
/// compress, into an empty directory that nobody else writes to. Of modes only the owner's
/// permission to execute is kept. Archives are foreign: whatever one says, nothing outside the
/// directory is touched, no entry is made through a symlink, and no program is started. Returns the
/// names at the top. Throws InvalidError for what is no such archive, for names with "..", devices
/// and the like, and beyond the limits; SystemError for what the disk says.
std::set<std::string> unpack_archive(int archive, const std::filesystem::path& to,
                                     const UnpackLimits& limits, const UnpackHooks& hooks);

}  // namespace grange
