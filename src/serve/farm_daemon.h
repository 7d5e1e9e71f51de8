#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "daemon/daemon.h"
#include "daemon/daemon_server.h"
#include "farm/farm.h"
#include "serve/evaluator_door.h"
#include "serve/farm_granter.h"

namespace grange {

struct FarmDaemonOptions {
  std::filesystem::path socket;  ///< empty: only evaluators are served
  std::filesystem::path launcher;
  std::function<void(const std::string&)> warn = [](const std::string&) {};
};

/// A farm as a store for Nix's clients: its destination store over the worker protocol. What is
/// asked for is made by the farm's plan (see FarmGranter). Serves from its construction to its
/// destruction, which cancels what clients wait for; the farm outlives it.
class FarmDaemon {
 public:
  /// Throws ConflictError where another daemon listens, InvalidError for a socket that cannot be.
  FarmDaemon(Farm& farm, const Clock& clock, EvaluatorDoor& door, FarmDaemonOptions options);
  ~FarmDaemon();

  /// Nothing: there is none.
  const std::filesystem::path& socket() const { return options_.socket; }
  std::vector<FarmGranter::Open> open() const { return granter_->open(); }

 private:
  class Driver;

  void serve(DaemonSocket socket, DaemonServer::Identify identify);

  const FarmDaemonOptions options_;
  std::unique_ptr<Driver> driver_;
  const std::shared_ptr<EvaluatorWaits> waits_;
  std::stop_source stop_;
  FarmGranter* granter_ = nullptr;  ///< the daemon's
  std::optional<Daemon> daemon_;
  std::vector<std::jthread> threads_;  ///< last
};

}  // namespace grange
