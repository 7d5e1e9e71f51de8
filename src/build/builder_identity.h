#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include <sys/types.h>

#include "process/launcher.h"
#include "store/local_store.h"

namespace grange {

/// Which uid and gid one builder has on this host: from root's pool, or this process's own.
class BuilderIdentity {
 public:
  /// This process's own.
  BuilderIdentity() = default;
  /// From the pool; waits while every uid is in use. Throws CancelledError when stopped.
  BuilderIdentity(UidPool& pool, const std::stop_token& stop);

  std::optional<std::pair<uid_t, gid_t>> ids() const;
  std::optional<uid_t> uid() const;
  /// The lock that keeps others from the uid; nothing without a pool.
  std::optional<int> lock_descriptor() const;
  /// Gives a file or directory of ours to the builder.
  void own(const std::filesystem::path& path) const;
  /// Lets the builder make its outputs in the store directory itself, the way Nix lets its build
  /// users: through the directory's group, and sticky. For builders without a sandbox.
  void enter_store(const StoreLocation& location);

 private:
  std::unique_ptr<UidPool::Lease> lease_;
  gid_t group_ = 0;
};

}  // namespace grange
