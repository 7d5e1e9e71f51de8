#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "derivation/store_path.h"
#include "store/local_store.h"

namespace grange {

/// Looks at files by the names that a sandboxed builder has for them: symlinks lead to logical
/// paths, and of the store there is only the input closure. Of all else there are a few files that
/// every sandbox has, such as /dev/null, and nothing of this machine's own. For builtins, which
/// run outside.
class VisibleFiles {
 public:
  /// `visible` must outlive this.
  VisibleFiles(const StoreLocation& location, const std::set<StorePath>& visible);

  /// A file that is no symlink.
  struct File {
    std::string path;            ///< logical, and without symlinks
    std::filesystem::path real;  ///< where it is; empty for what is not of the store
    bool directory = false;
  };

  /// What a logical path names, with all symlinks followed; nothing when it is not there. Throws
  /// InvalidError for a path that is not absolute and for too many symlinks, SystemError.
  std::optional<File> find(std::string_view path) const;
  /// The same for a name in a directory that was found.
  std::optional<File> find_in(const File& directory, std::string_view name) const;

  /// The names in a directory of the store, sorted.
  static std::vector<std::string> names_in(const File& directory);

 private:
  class Walk;
  std::filesystem::path real_store_;
  std::vector<std::string> store_parts_;  ///< of the logical store directory
  const std::set<StorePath>& visible_;
};

}  // namespace grange
