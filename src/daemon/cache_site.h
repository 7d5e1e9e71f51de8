#pragma once

#include <cstdint>
#include <optional>

#include "daemon/cache_name.h"
#include "derivation/store_path.h"
#include "http/http_server_handler.h"

namespace grange {

/// What a site can say of a name without waiting.
struct CacheGlance {
  enum class State { has, has_not, must_look };
  State state = State::must_look;
  ServerResponse response{};  ///< where it has it
};

/// One place that a cache server serves from. Responses are of the whole object, with its type and
/// ETag: conditions and ranges are the server's affair. Thread safe.
class CacheSite {
 public:
  virtual ~CacheSite() = default;

  virtual const StoreDir& store_dir() const = 0;
  /// For an io thread.
  virtual CacheGlance glance(const CacheName& name) = 0;
  /// May wait and compute. Nothing: it does not have it.
  virtual std::optional<ServerResponse> find(const CacheName& name) = 0;

  /// How much a body of this kind may hold, and whether `put` takes it as a text or while it
  /// arrives; nothing: this is never taken.
  struct Upload {
    BodyMode mode = BodyMode::text;
    std::uint64_t limit = 0;
  };
  virtual std::optional<Upload> takes(CacheName::Kind) const { return std::nullopt; }
  /// Makes what was sent a part of the cache, whole or not at all; the answer to the client, who is
  /// entitled to it. Only for what it takes.
  virtual ServerResponse put(const CacheName& name, HandlerCall& call) = 0;
};

}  // namespace grange
