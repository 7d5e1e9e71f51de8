#pragma once

#include <functional>
#include <string>

#include "daemon/daemon_settings.h"
#include "daemon/wish_granter.h"
#include "wire/settings_operations.h"

namespace grange {

/// What holds for one connection: the daemon's own settings, and what the client set of them, as
/// far as he is trusted to (nix-store.md §8.4).
struct ClientSettings {
  explicit ClientSettings(const DaemonSettings& daemon);

  /// `ignored` hears of what the client may not set.
  void apply(const SetOptions& options, const DaemonSettings& daemon, bool trusted,
             const std::function<void(const std::string& message)>& ignored);

  BuildPolicy policy;
  StepLimits limits;
  bool keep_going = false;
  bool may_build = true;
  bool substitute = true;
  bool fallback = false;
  std::vector<StoreReference> substituters;
  std::vector<PublicKey> trusted_keys;
  bool require_signatures = true;
  bool optimise_additions = false;
  bool keep_outputs = false;
  bool keep_derivations = true;
  Verbosity verbosity = Verbosity::info;
};

}  // namespace grange
