#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include <sys/types.h>

namespace grange {

/// A control group of its own for one process and what that starts, which may not use more memory
/// than was specified: the kernel kills what does. Of cgroup v2 where this process's group is ours
/// to divide (delegated, with the memory controller on for its children), else of v1 where we may
/// write its hierarchy. Whoever gets none is left with resource limits. Movable.
class MemoryGroup {
 public:
  /// Nothing where no such group can be had. Removes empty ones that a process which was killed has
  /// left.
  static std::optional<MemoryGroup> create(std::uint64_t bytes);
  MemoryGroup(MemoryGroup&& other) noexcept;
  MemoryGroup& operator=(MemoryGroup&&) = delete;
  /// Removes the group, which must be empty by then.
  ~MemoryGroup();

  /// Takes a process in, with what it starts from now on. False when that is not possible.
  bool add(pid_t process) const;
  /// Has the kernel killed something for using more?
  bool exceeded() const;

 private:
  MemoryGroup(std::filesystem::path directory, bool is_v2);

  std::filesystem::path directory_;
  bool is_v2_ = false;
};

}  // namespace grange
