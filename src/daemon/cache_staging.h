#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/thread_annotations.h"
#include "daemon/cache_name.h"
#include "store/storage.h"

namespace grange {

/// NARs that were put for a local store and wait for their narinfos, in a directory of ours. What
/// waits for more than a day is removed. Thread safe.
class CacheStaging {
 public:
  explicit CacheStaging(const std::filesystem::path& directory);

  void put(const CacheName& name, Source& body) EXCLUDES(mutex_);
  /// Of a file that waits; nothing: there is none.
  std::optional<std::uint64_t> size(const std::string& key) const;
  std::unique_ptr<Source> open(const std::string& key) const { return storage_->open(key); }
  /// One path has been made of it. The same file may have been put for others, too.
  void take_away(const std::string& key) EXCLUDES(mutex_);

 private:
  void remove_old() EXCLUDES(mutex_);

  const std::filesystem::path directory_;
  const std::unique_ptr<Storage> storage_;
  Mutex mutex_;
  std::map<std::string, unsigned> waiting_ GUARDED_BY(mutex_);  ///< how often each was put
  std::int64_t tidied_ GUARDED_BY(mutex_) = 0;                  ///< when, in seconds since 1970
};

}  // namespace grange
