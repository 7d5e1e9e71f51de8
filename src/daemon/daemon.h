#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "daemon/build_service.h"
#include "daemon/daemon_settings.h"
#include "daemon/nested_store_server.h"
#include "daemon/substituter_choices.h"
#include "daemon/worker_session.h"
#include "process/launcher.h"

namespace grange {

/// A store, and everything with which clients use it: opened once, shared by all connections.
class Daemon {
 public:
  /// Who grants the wishes of clients, in place of the daemon's own service, which he may use for
  /// what he does not make himself. Wishes of builders always are for the service.
  using MakeGranter =
      std::function<std::unique_ptr<WishGranter>(WishGranter& service, LocalStore& store)>;

  /// `note` hears what goes wrong beside any one client's work, from any thread. `stop` ends
  /// what clients do.
  Daemon(DaemonSettings settings, std::filesystem::path launcher, const Clock& clock,
         std::function<void(const std::string&)> note, std::stop_token stop,
         const MakeGranter& make_granter = {});
  ~Daemon();

  const DaemonContext& context() const { return *context_; }

 private:
  std::unique_ptr<Builder> make_builder(LocalStore& session);

  const DaemonSettings settings_;
  const std::filesystem::path launcher_program_;
  const Clock& clock_;
  std::function<void(const std::string&)> note_;
  std::unique_ptr<LocalStore> store_;
  std::once_flag started_;
  std::unique_ptr<Launcher> launcher_;
  std::optional<SubstituterChoices> substituters_;
  std::optional<BuildService> builds_;
  std::unique_ptr<WishGranter> granter_;         ///< nothing: the service
  std::optional<DaemonContext> nested_context_;  ///< of builders
  std::optional<DaemonContext> context_;
  std::optional<NestedStoreServer> nested_;
};

}  // namespace grange
