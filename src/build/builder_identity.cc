#include "build/builder_identity.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

/// Other processes give uids back without telling us.
constexpr std::chrono::milliseconds kRetry{50};
constexpr mode_t kStoreMode = S_ISVTX | 0775;

}  // namespace

BuilderIdentity::BuilderIdentity(UidPool& pool, const std::stop_token& stop)
    : lease_(pool.try_acquire()) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  while (!lease_) {
    never.wait_for(lock, stop, kRetry, [] { return false; });
    if (stop.stop_requested()) {
      throw CancelledError("the build was cancelled while it waited for a uid");
    }
    lease_ = pool.try_acquire();
  }
  group_ = lease_->gid;
}

std::optional<std::pair<uid_t, gid_t>> BuilderIdentity::ids() const {
  if (!lease_) return std::nullopt;
  return std::pair(lease_->uid, group_);
}

std::optional<uid_t> BuilderIdentity::uid() const {
  if (!lease_) return std::nullopt;
  return lease_->uid;
}

std::optional<int> BuilderIdentity::lock_descriptor() const {
  if (!lease_) return std::nullopt;
  return lease_->lock.get();
}

void BuilderIdentity::own(const std::filesystem::path& path) const {
  if (lease_ && ::lchown(path.c_str(), lease_->uid, group_) != 0) {
    throw_errno("giving to the builder", path.string());
  }
}

void BuilderIdentity::enter_store(const StoreLocation& location) {
  if (!lease_) return;
  const auto& store = location.real_store;
  struct stat status {};
  if (::stat(store.c_str(), &status) != 0) throw_errno("looking at", store.string());
  const bool open = status.st_gid != 0 && (status.st_mode & 07777) == kStoreMode;
  group_ = open ? status.st_gid : gid_t{UidPool::kFirst};
  if (open) return;
  if (::chown(store.c_str(), static_cast<uid_t>(-1), group_) != 0 ||
      ::chmod(store.c_str(), kStoreMode) != 0) {
    throw_errno("opening the store directory for builders:", store.string());
  }
}

}  // namespace grange
