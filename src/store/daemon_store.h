#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "store/building_store.h"
#include "store/store_peer.h"

namespace grange {

/// How a store behind a worker connection is reached.
struct DaemonStoreOptions {
  StoreDir store_dir = StoreDir::nix();
  std::string shown;  ///< how people name it
  /// Makes one more connection.
  std::function<std::unique_ptr<StorePeer>()> connect;
  unsigned max_connections = 1;
  /// What is added needs no signatures there, as far as the daemon trusts us to say so.
  bool skip_signatures = false;
  /// Ends whatever waits for the other side.
  std::stop_token stop{};
  /// Hears what the daemon logs, line by line, from any thread.
  std::function<void(const std::string&)> log{};
};

/// The store that a Nix daemon serves (nix-store.md §8), over a socket or through ssh. Connections
/// are made when they are needed.
std::unique_ptr<BuildingStore> open_daemon_store(DaemonStoreOptions options);

}  // namespace grange
