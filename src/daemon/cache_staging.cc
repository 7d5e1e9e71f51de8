#include "daemon/cache_staging.h"

#include <ctime>

#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "daemon/cache_uploads.h"
#include "store/directory_storage.h"

namespace grange {
namespace {

constexpr std::int64_t kOldUpload = 24 * 3600;
constexpr std::int64_t kTidiedEvery = 3600;

}  // namespace

CacheStaging::CacheStaging(const std::filesystem::path& directory)
    : directory_(directory),
      storage_(open_directory_storage(directory, {.sync = false, .create = true})) {
  remove_old();
}

void CacheStaging::put(const CacheName& name, Source& body) {
  remove_old();
  put_nar(*storage_, name, body);
  const MutexLock lock(mutex_);
  ++waiting_[name.key];
}

std::optional<std::uint64_t> CacheStaging::size(const std::string& key) const {
  std::error_code missing;
  const auto size = std::filesystem::file_size(directory_ / key, missing);
  if (missing) return std::nullopt;
  return size;
}

void CacheStaging::take_away(const std::string& key) {
  const MutexLock lock(mutex_);
  const auto at = waiting_.find(key);
  if (at != waiting_.end() && --at->second > 0) return;
  if (at != waiting_.end()) waiting_.erase(at);
  ::unlink((directory_ / key).c_str());
}

void CacheStaging::remove_old() {
  const std::int64_t now = std::time(nullptr);
  {
    const MutexLock lock(mutex_);
    if (now - tidied_ < kTidiedEvery) return;
    tidied_ = now;
  }
  const auto folder = directory_ / "nar";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    struct stat status {};
    if (::lstat(entry.path().c_str(), &status) != 0) continue;
    if (now - status.st_mtime > kOldUpload) ::unlink(entry.path().c_str());
  }
}

}  // namespace grange
