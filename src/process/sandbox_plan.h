#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "process/launcher.h"
#include "process/visible_tree.h"

namespace grange {

/// One entry of a sandbox's store directory.
struct StoreObject {
  enum class Kind { directory, file, symlink };
  std::string name;
  Kind kind = Kind::directory;
  std::string source;  ///< host path, without symlinks; for a symlink where it points
};

/// Everything that a sandbox shows, found out before anything is made or mounted.
struct SandboxPlan {
  /// Directories and files of its own (/etc, /dev, …) and sandbox paths, parents first.
  std::vector<VisibleTree::Entry> entries;
  std::vector<StoreObject> objects;  ///< sorted by name, which are unique
  std::string store_dir;             ///< inside
  // Host paths without symlinks:
  std::string root;
  std::string build_directory;
  std::string physical_store;

  /// Is there an object of this name, of whatever kind?
  bool shows(std::string_view name) const;
  /// Adds one that it does not show.
  void add(StoreObject object);
};

/// Reads the host only. Sandbox paths are shown parents first whatever their order. Throws
/// InvalidError for a path that cannot be shown and NotFoundError for one that is not there.
SandboxPlan plan_sandbox(const SandboxSpec& spec);

/// An object of a physical store (a path without symlinks). Throws as above.
StoreObject find_store_object(const std::string& physical_store, const std::string& name);

}  // namespace grange
