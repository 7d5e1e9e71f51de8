#include "serve/farm_daemon.h"

#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "store/local_store.h"

namespace grange {
namespace {

/// The farm's own user may do what he could do without asking.
std::vector<std::string> farm_trusted_users() {
  std::vector<std::string> users{"root"};
  if (::geteuid() != 0) users.push_back(user_name(::geteuid()));
  return users;
}

DaemonSettings settings_of(Farm& farm) {
  const auto& config = farm.workshop().config();
  DaemonSettings settings;
  settings.location = farm.workshop().store().location();
  settings.store.sync = config.sync;
  settings.store.fast_metadata = config.fast_metadata;
  settings.builder = config.builder;
  settings.sandbox = config.sandbox;
  settings.max_jobs = farm.workshop().slots();
  settings.limits = farm.config().limits;
  settings.keep_going = true;
  settings.substituters = config.substituters;
  settings.trusted_keys = config.trusted_keys;
  settings.trusted_users = farm_trusted_users();
  settings.content_addressed = farm.workshop().store().keeps_realisations();
  return settings;
}

/// Whoever comes through their socket: what he may do does not depend on who he is.
ClientIdentity identify_evaluator(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    throw_errno("asking who an evaluator is");
  }
  ClientIdentity identity;
  identity.name = "an evaluation";
  identity.restricted = true;
  identity.process = peer.pid;
  return identity;
}

}  // namespace

class FarmDaemon::Driver final : public WishDriver {
 public:
  explicit Driver(BuildDriver& driver) : driver_(driver) {}
  std::int64_t new_wish() override { return driver_.new_wish(); }
  void add(std::vector<QueuedBuild> wishes) override { driver_.add(std::move(wishes)); }
  void cancel(const std::vector<std::int64_t>& wishes) override { driver_.cancel(wishes); }

 private:
  BuildDriver& driver_;
};

FarmDaemon::FarmDaemon(Farm& farm, const Clock& clock, EvaluatorDoor& door,
                       FarmDaemonOptions options)
    : options_(std::move(options)),
      driver_(std::make_unique<Driver>(farm.driver())),
      waits_(door.waits()) {
  std::optional<DaemonSocket> socket;
  if (!options_.socket.empty()) socket.emplace(DaemonSocket::listen_at(options_.socket));
  // The plan reads it, whether anything was evaluated or not.
  const auto& config = farm.workshop().config();
  const auto eval_store = StoreLocation::at_root(config.eval_store_root, config.store_dir);
  if (!std::filesystem::exists(eval_store.state / "db/schema")) LocalStore::open(eval_store);
  daemon_.emplace(settings_of(farm), options_.launcher, clock, options_.warn, stop_.get_token(),
                  [&](WishGranter& service, LocalStore& store) {
                    auto granter =
                        std::make_unique<FarmGranter>(*driver_, service, store, *waits_, clock);
                    granter_ = granter.get();
                    return granter;
                  });
  serve(door.take_socket(), identify_evaluator);
  if (socket) serve(*std::move(socket), {});
}

FarmDaemon::~FarmDaemon() {
  stop_.request_stop();
  threads_.clear();
}

void FarmDaemon::serve(DaemonSocket socket, DaemonServer::Identify identify) {
  threads_.emplace_back([this, server = DaemonServer(*daemon_, std::move(socket), options_.warn,
                                                     std::move(identify))]() mutable {
    try {
      server.run(stop_.get_token());
    } catch (const std::exception& error) {
      options_.warn(std::string("the daemon socket: ") + error.what());
    }
  });
}

}  // namespace grange
