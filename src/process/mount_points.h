#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "process/sandbox_plan.h"

namespace grange {

/// The directory that a sandbox shows as its store directory: on disk, because outputs are made in
/// it, with a mount point per store object.
///
/// It is taken from a pool and given back with its mount points, which are renamed when the next
/// step has other objects: ext4 looks at every inode freed in the last minutes before it gives out
/// a new one, so that making and removing hundreds of directories per step costs a hundred times
/// what renaming them does. Whatever else is in it after a step has been made by the builder and is
/// moved out.
class MountPoints {
 public:
  /// Below the sandbox's root, whose places (store directory, "tmp") it makes too.
  MountPoints(const SandboxSpec& spec, const SandboxPlan& plan);

  /// The host directory to show.
  const std::string& directory() const { return directory_; }

  /// When the sandbox is gone: outputs to their place in the root, mount points to the pool.
  void release();

 private:
  void take_from_pool();
  void arrange();
  void make_directories(int directory, const std::vector<const StoreObject*>& missing,
                        std::vector<std::string> idle) const;
  void move_outputs();

  const SandboxPlan& plan_;
  std::string pool_;  ///< "" for none
  std::string slot_;  ///< holds `directory_`, and "spare" mount points
  std::string directory_;
  std::string outputs_;  ///< ROOT/nix/store
};

}  // namespace grange
