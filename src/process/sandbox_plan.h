#pragma once

#include <string>
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
};

/// Reads the host only. Sandbox paths are shown parents first whatever their order. Throws
/// InvalidError for a path that cannot be shown and NotFoundError for one that is not there.
SandboxPlan plan_sandbox(const SandboxSpec& spec);

}  // namespace grange
