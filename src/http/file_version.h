#pragma once

#include <cstdint>

#include <sys/stat.h>

namespace grange {

/// Another number for another content, as far as inode, size and time of change tell: files that
/// are replaced, not written in place, are told apart.
inline std::uint64_t file_version(const struct stat& status) noexcept {
  // FNV-1a over the numbers.
  std::uint64_t version = 0xcbf29ce484222325;
  for (const std::uint64_t part :
       {std::uint64_t{status.st_ino}, static_cast<std::uint64_t>(status.st_size),
        static_cast<std::uint64_t>(status.st_mtim.tv_sec),
        static_cast<std::uint64_t>(status.st_mtim.tv_nsec)}) {
    version = (version ^ part) * 0x100000001b3;
  }
  return version;
}

}  // namespace grange
