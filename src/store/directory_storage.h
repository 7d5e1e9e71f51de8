#pragma once

#include <filesystem>
#include <memory>

#include "store/storage.h"

namespace grange {

struct DirectoryStorageOptions {
  bool sync = false;    ///< an object is on disk before it is visible
  bool create = false;  ///< the directory and what lies in it are made where they are missing
};

/// Objects as files below a directory, which other programs may read and write at the same time:
/// each is written under another name and renamed. Throws NotFoundError where there is no such
/// directory.
std::unique_ptr<Storage> open_directory_storage(const std::filesystem::path& directory,
                                                const DirectoryStorageOptions& options = {});

}  // namespace grange
