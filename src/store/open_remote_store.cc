#include "store/open_remote_store.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"
#include "base/text.h"
#include "store/daemon_store.h"
#include "store/serve_store.h"
#include "store/ssh_command.h"
#include "store/store_parameters.h"

namespace grange {
namespace {

constexpr unsigned kSocketConnections = 8;
/// Each is a login of its own.
constexpr unsigned kSshConnections = 2;

std::string environment_value(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

unsigned connection_count(StoreParameters& parameters, const StoreOpening& opening,
                          unsigned usual) {
  const int specified = parameters.number("max-connections", 0);
  if (specified > 0) return static_cast<unsigned>(std::min(specified, 256));
  return opening.connections > 0 ? opening.connections : usual;
}

std::filesystem::path socket_of(const StoreReference& reference) {
  if (reference.authority.starts_with('/')) return reference.authority;
  if (!reference.authority.empty()) {
    throw InvalidError("specified unix:///SOCKET, got '" + printable(reference.authority) + "'");
  }
  const auto socket = environment_value("NIX_DAEMON_SOCKET_PATH");
  return socket.empty() ? "/nix/var/nix/daemon-socket/socket" : socket;
}

SshTarget ssh_target(const StoreReference& reference, StoreParameters& parameters) {
  SshTarget target;
  target.host = reference.authority;
  target.key_file = parameters.text("ssh-key").value_or("");
  if (const auto key = parameters.text("base64-ssh-public-host-key"); key && !key->empty()) {
    const auto decoded = base64_decode(*key);
    if (!decoded) {
      throw InvalidError("parameter 'base64-ssh-public-host-key': specified base 64, got '" +
                         printable(*key) + "'");
    }
    target.public_key.assign(decoded->begin(), decoded->end());
    while (target.public_key.ends_with('\n')) target.public_key.pop_back();
  }
  target.compress = parameters.flag("compress", false);
  const auto options = environment_value("NIX_SSHOPTS");
  for (const auto word : split(options, ' ')) {
    if (!word.empty()) target.options.emplace_back(word);
  }
  return target;
}

/// What runs over there; a shell reads it.
std::string remote_command(StoreParameters& parameters, std::string program,
                           std::string_view arguments) {
  if (auto specified = parameters.text("remote-program")) program = *std::move(specified);
  auto command = program + " " + std::string(arguments);
  const auto store = parameters.text("remote-store").value_or("");
  if (!store.empty()) command += " --store " + shell_word(store);
  return command;
}

std::unique_ptr<BuildingStore> open_by_socket(const StoreReference& reference,
                                              StoreParameters& parameters,
                                              const StoreOpening& opening) {
  DaemonStoreOptions options;
  options.store_dir = opening.store_dir;
  options.shown = reference.to_string();
  options.max_connections = connection_count(parameters, opening, kSocketConnections);
  options.skip_signatures = opening.skip_signatures;
  options.stop = opening.remote.stop;
  options.connect = [socket = socket_of(reference), shown = options.shown] {
    return StorePeer::connect(socket, shown);
  };
  return open_daemon_store(std::move(options));
}

std::unique_ptr<BuildingStore> open_by_ssh(const StoreReference& reference,
                                           StoreParameters& parameters,
                                           const StoreOpening& opening) {
  const auto shown = reference.scheme + "://" + reference.authority;
  const auto ssh = std::make_shared<const SshCommand>(ssh_target(reference, parameters));
  const bool serves = reference.scheme == "ssh";
  const auto command = serves ? remote_command(parameters, "nix-store", "--serve --write")
                              : remote_command(parameters, "nix-daemon", "--stdio");
  const auto connect = [ssh, command, shown] {
    return StorePeer::start(ssh->arguments(command), shown,
                            ssh->is_remote() ? StorePeer::Group::ours : StorePeer::Group::own);
  };
  const auto connections = connection_count(parameters, opening, kSshConnections);
  if (serves) {
    return open_serve_store({opening.store_dir, shown, connect, connections, opening.remote.stop});
  }
  DaemonStoreOptions options;
  options.store_dir = opening.store_dir;
  options.shown = shown;
  options.connect = connect;
  options.max_connections = connections;
  options.skip_signatures = opening.skip_signatures;
  options.stop = opening.remote.stop;
  return open_daemon_store(std::move(options));
}

}  // namespace

bool is_remote_store(const StoreReference& reference) {
  return reference.scheme == "unix" || reference.scheme == "ssh-ng" || reference.scheme == "ssh";
}

std::unique_ptr<BuildingStore> open_remote_store(const StoreReference& reference,
                                                 const StoreOpening& opening) {
  StoreParameters parameters(reference);
  parameters.flag("trusted", false);  // of whom it is read by
  auto store = reference.scheme == "unix" ? open_by_socket(reference, parameters, opening)
                                          : open_by_ssh(reference, parameters, opening);
  parameters.warn_of_others(opening.warn);
  return store;
}

}  // namespace grange
