#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "store/local_store.h"

namespace grange {

struct OptimiseResult {
  std::uint64_t files = 0;            ///< regular files that were looked at
  std::uint64_t linked = 0;           ///< replaced by a hard link
  std::uint64_t bytes_freed = 0;      ///< of those that had no other name
  std::vector<std::string> problems;  ///< paths that could not be done, and why
};

/// Lets equal files of valid paths share their content: each is a hard link of
/// `.links/NAR-SHA-256`, as Nix's optimiser does (nix-store.md §10.12). A file is replaced by
/// renaming a link over it, after its bytes were compared; nothing is written in place. Files that
/// their owner may write to are left alone, and so is what has too many links already. Throws
/// CancelledError.
OptimiseResult optimise_store(LocalStore& store, const std::stop_token& stop);

/// The files of an object that may be shared: regular ones that nobody may write to. Throws
/// SystemError and std::filesystem::filesystem_error.
void for_each_shareable_file(
    const std::filesystem::path& object,
    const std::function<void(const std::filesystem::path& file, const struct stat& status)>& use);

/// The name that the content of a file has in `.links`.
std::string link_name(const std::filesystem::path& file);

}  // namespace grange
