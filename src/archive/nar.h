#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string_view>

#include "base/hash.h"
#include "base/stream.h"
#include "derivation/store_path.h"

namespace grange {

/// Writes the NAR of a file, symlink or directory tree. Constant memory. Throws InvalidError for
/// what a NAR cannot hold (devices, sockets), SystemError for what cannot be read.
void dump_nar(const std::filesystem::path& path, Sink& sink);

/// Restores a NAR to `destination`, which must not exist. Strict: every malformed form of
/// nix-store.md §2.2 is refused with CorruptError and its offset, and what was restored so far is
/// removed. Stops reading exactly after the archive. Never writes outside `destination`.
void restore_nar(const std::filesystem::path& destination, Source& source);

/// Checks a NAR's grammar and passes it through, byte for byte, to `sink`.
void copy_nar(Source& source, Sink& sink);

/// The digest and size of a NAR.
struct NarDigest {
  Hash hash;  ///< SHA-256
  std::uint64_t size;
};
NarDigest hash_nar(const std::filesystem::path& path);

/// One pass over a tree: its NAR digest and which of `candidates` its bytes mention (by hash part,
/// also across buffer borders; nix-store.md §10.7).
struct ScannedNar {
  NarDigest nar;
  std::set<StorePath> references;
};
ScannedNar scan_nar(const std::filesystem::path& path, const std::set<StorePath>& candidates);

}  // namespace grange
