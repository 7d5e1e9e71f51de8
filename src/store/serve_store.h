#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "store/building_store.h"
#include "store/store_peer.h"

namespace grange {

/// How a store behind `nix-store --serve` is reached.
struct ServeStoreOptions {
  StoreDir store_dir = StoreDir::nix();
  std::string shown;  ///< how people name it
  /// Makes one more connection.
  std::function<std::unique_ptr<StorePeer>()> connect;
  unsigned max_connections = 1;
  /// Ends whatever waits for the other side.
  std::stop_token stop{};
};

/// A store by the serve protocol (nix-store.md §8.7): what `ssh://` means. It takes everything
/// without signatures, knows nothing of realisations, and cannot add signatures.
std::unique_ptr<BuildingStore> open_serve_store(ServeStoreOptions options);

}  // namespace grange
