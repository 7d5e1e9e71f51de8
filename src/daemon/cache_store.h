#pragma once

#include <memory>
#include <vector>

#include "archive/narinfo.h"
#include "base/signature.h"
#include "daemon/cache_memory.h"
#include "daemon/cache_site.h"
#include "daemon/cache_staging.h"
#include "store/local_store.h"

namespace grange {

/// A local store as a binary cache. Nothing is kept for it: narinfos are written from the database
/// (and remembered until that changes), NARs from the files, when they are asked for.
class CacheStore final : public CacheSite {
 public:
  struct Options {
    std::vector<SecretKey> keys{};
    NarCompression compression = NarCompression::zstd;  ///< of NARs that narinfos name, or none
    bool uploads = false;                               ///< the store is open for writing
  };

  CacheStore(std::shared_ptr<LocalStore> store, Options options);

  const StoreDir& store_dir() const override { return store_->store_dir(); }
  CacheGlance glance(const CacheName& name) override;
  std::optional<ServerResponse> find(const CacheName& name) override;
  std::optional<Upload> takes(CacheName::Kind kind) const override;
  ServerResponse put(const CacheName& name, HandlerCall& call) override;

 private:
  std::shared_ptr<const RememberedText> narinfo(const CacheName& name);
  std::shared_ptr<const RememberedText> listing(const CacheName& name);
  std::optional<ServerResponse> nar(const CacheName& name);
  void put_path(const CacheName& name, HandlerCall& call);

  const std::shared_ptr<LocalStore> store_;
  const Options options_;
  CacheMemory memory_;
  std::unique_ptr<CacheStaging> staging_;  ///< where uploads are taken
};

}  // namespace grange
