#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/signature.h"
#include "daemon/cache_memory.h"
#include "daemon/cache_site.h"
#include "daemon/cache_uploads.h"
#include "store/binary_cache.h"

namespace grange {

/// A binary cache in a directory: its files as they are, but that narinfos and realisations are
/// signed where there are keys. What is put there is checked first (cache_uploads.h).
class CacheDirectory final : public CacheSite {
 public:
  struct Options {
    std::vector<SecretKey> keys{};
    bool uploads = false;  ///< the directory is made where it is missing
    bool sync = false;     ///< what was put is on disk before it is answered
    /// For one that does not say what it is yet.
    CacheInfo fresh{};
  };

  /// Throws NotFoundError where there is no such directory, CorruptError for what it says of
  /// itself.
  CacheDirectory(const std::filesystem::path& directory, Options options);

  const StoreDir& store_dir() const override { return info_.store_dir; }
  const CacheInfo& info() const { return info_; }
  CacheGlance glance(const CacheName& name) override;
  std::optional<ServerResponse> find(const CacheName& name) override;
  std::optional<Upload> takes(CacheName::Kind kind) const override;
  ServerResponse put(const CacheName& name, HandlerCall& call) override;

 private:
  bool is_signed_here(const CacheName& name) const;
  /// The object with our signatures.
  std::string signed_text(const CacheName& name, const std::string& text) const;
  void put_checked(const CacheName& name, HandlerCall& call);

  const std::filesystem::path directory_;
  const Options options_;
  const std::unique_ptr<Storage> storage_;
  CacheInfo info_;
  CacheMemory memory_;
};

}  // namespace grange
