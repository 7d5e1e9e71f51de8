#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "process/visible_tree.h"

namespace grange {

// Mounting within this process's own mount namespace; every failure names the path.

/// From here on nothing that is mounted here is seen outside, nor the other way round.
void make_mounts_private();
void mount_filesystem(const char* type, const std::string& target, unsigned long flags,
                      const char* options);
void bind_mount(const std::string& source, const std::string& target, bool recursive);
/// MOUNT_ATTR_* flags of one mount, or of all below it too.
void set_mount_attributes(const std::string& target, std::uint64_t set, std::uint64_t clear,
                          bool recursive);

/// A bound tree that is not attached anywhere yet.
class DetachedMount {
 public:
  /// What is mounted below `source`.
  enum class Below { included, left_out };
  explicit DetachedMount(const std::string& source, Below below = Below::included);
  /// From here on it is read-only, and nothing that the host mounts in it is seen in it. Only for
  /// one that has nothing below.
  void make_private_and_read_only() const;
  void attach(const std::string& target) const;
  /// On an opened file or directory, `shown` in errors.
  void attach(int target, const std::string& shown) const;

 private:
  FileDescriptor tree_;
};

/// A new, empty root directory in memory, entered at once: "/" is the new root and the host's
/// stands below it until `leave_host`. Needs a mount namespace of its own with private mounts.
class NewRoot {
 public:
  /// `mount_at` is any directory of the host, without symlinks; it is not changed.
  explicit NewRoot(const std::string& mount_at);

  /// Where a host path (without symlinks) stands now.
  static std::string on_host(const std::string& path);
  /// Makes a planned entry; a bound one only as the empty directory or file to mount it on.
  static void make(const VisibleTree::Entry& entry);
  /// Mounts a bound entry on what `make` has made.
  static void bind(const VisibleTree::Entry& entry);
  /// Nothing of the host but what was bound is reachable afterwards.
  static void leave_host();
};

}  // namespace grange
