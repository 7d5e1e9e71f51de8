#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "base/thread_annotations.h"

namespace grange {

/// Directories for attempts that are used again when an attempt has ended, with the empty
/// directories in them that the next one makes first: making and removing them can be most of what
/// a small step costs (ext4 looks through all inodes removed in the last minutes for each new one,
/// and where it discards at once it waits for the disk with each that is removed). Thread safe.
/// Nothing is removed at the end: the parent is the owner's affair.
class DirectoryPool {
 public:
  /// `kept`: directories, relative to each of the pool's, that stay when it is given back.
  DirectoryPool(std::filesystem::path parent, std::set<std::string> kept);

  /// A directory of mode 0700, with nothing in it but kept directories, which are empty.
  std::filesystem::path take();
  /// Empties it for the next; removes it where that does not work.
  void give_back(const std::filesystem::path& directory) noexcept;

 private:
  std::filesystem::path parent_;
  std::set<std::string> kept_;
  Mutex mutex_;
  std::vector<std::filesystem::path> idle_ GUARDED_BY(mutex_);
  std::uint64_t made_ GUARDED_BY(mutex_) = 0;
};

}  // namespace grange
