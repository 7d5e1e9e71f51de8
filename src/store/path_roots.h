#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "store/local_store.h"

namespace grange {

/// Permanent roots of many paths: empty files `gcroots/grange-farm/GROUP/SET/BASENAME`, each named
/// like what it keeps, so that one more costs one call and the same twice is one. Any collector of
/// Nix honours them. Those that are added together are names of one file: making a file costs many
/// times what one more name does. What is made is never replaced, so that several threads may add.
class PathRoots {
 public:
  /// `group` and `set` are names of directories. Nothing is made before `add`. With `sync` what is
  /// added outlasts a power cut.
  PathRoots(const StoreLocation& location, const std::string& group, const std::string& set,
            bool sync = false);

  /// The caller has temporary roots for the paths. Fine for what is there already.
  void add(const std::set<StorePath>& paths);
  /// Fine for what is not there.
  void remove(const StorePath& path);
  void remove_all();
  std::set<StorePath> paths() const;

  /// The sets of a group that are there.
  static std::set<std::string> sets(const StoreLocation& location, const std::string& group);

 private:
  FileDescriptor open_directory();

  const std::filesystem::path directory_;
  const bool sync_;
};

}  // namespace grange
