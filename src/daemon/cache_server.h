#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/signature.h"
#include "daemon/cache_name.h"
#include "daemon/cache_site.h"
#include "daemon/cache_tokens.h"
#include "http/http_server_handler.h"
#include "store/binary_cache.h"

namespace grange {

struct CacheServerOptions {
  std::int64_t priority = 30;
  /// Of the keys that the sites sign with, for people.
  std::vector<PublicKey> public_keys{};
  /// Who may put something into the first site; nothing: nobody.
  std::optional<UploadTokens> tokens{};
  /// Told of every request and the status of its answer. Called on any thread; must not throw.
  std::function<void(const ServerRequest&, int status)> access_log{};
};

/// Answers the requests for a binary cache (nix-store.md §7.1) from several sites: each object from
/// the first that has it. What is at hand is answered on the io thread; what has to be looked up,
/// made or taken, on the pool. For an HttpServer; thread safe, and must outlive it.
class CacheServer {
 public:
  /// Throws InvalidError when there is no site, or they are for several store directories.
  CacheServer(std::vector<std::unique_ptr<CacheSite>> sites, CacheServerOptions options);

  Handling dispatch(const ServerRequest& request) const;

 private:
  Handling handle(const ServerRequest& request) const;
  Handling read(const ServerRequest& request, CacheName name) const;
  Handling upload(const ServerRequest& request, CacheName name) const;
  std::string page(const ServerRequest& request) const;

  const std::vector<std::unique_ptr<CacheSite>> sites_;
  const CacheServerOptions options_;
  CacheInfo info_;
};

}  // namespace grange
