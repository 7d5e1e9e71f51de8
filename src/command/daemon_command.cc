#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "build/nested_store.h"
#include "command/builder_defaults.h"
#include "command/command.h"
#include "command/exit_code.h"
#include "command/interrupt.h"
#include "daemon/daemon.h"
#include "daemon/daemon_server.h"
#include "daemon/serve_session.h"

namespace grange {
namespace {

struct DaemonOptions {
  std::string socket;
  std::string store;
  bool stdio = false;
  bool serve = false;
  bool write = false;
  bool quiet = false;
};

constexpr const char* kDaemonFooter = R"(
Serves the store to Nix's clients and to other Granges, as nix-daemon does. Settings for stores and
builds are read from nix.conf in NIX_CONF_DIR (/etc/nix).

Environment: NIX_DAEMON_SOCKET_PATH, NIX_STORE_DIR, NIX_STATE_DIR, NIX_LOG_DIR, NIX_CONF_DIR; a
socket may be handed over (LISTEN_FDS).

Examples:
  grange daemon --store ~/farm --socket ~/farm/socket
      and then: nix build --store unix://$HOME/farm/socket …
  ssh-ng://HOST?remote-program=grange-daemon-stdio   with a script that runs: grange daemon --stdio

Exit codes:
  0 stopped · 64 usage · 65 bad settings · 75 another daemon is there · 77 store not ours to write)";

std::string environment_or(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

StoreLocation location_of(const DaemonOptions& options) {
  const auto store_dir = StoreDir::parse(environment_or("NIX_STORE_DIR", "/nix/store"));
  const bool rooted = !options.store.empty() && options.store != "daemon" &&
                      options.store != "auto" && options.store != "local";
  auto location = StoreLocation::at_root(rooted ? options.store : "/", store_dir);
  if (rooted) return location;
  location.state = environment_or("NIX_STATE_DIR", location.state.string());
  location.logs = environment_or("NIX_LOG_DIR", location.logs.string());
  return location;
}

void note_on_stderr(const std::string& message) {
  std::fprintf(stderr, "grange daemon: %s\n", printable(message).c_str());
}

DaemonSettings settings_of(const DaemonOptions& options) {
  DaemonSettings settings;
  settings.location = location_of(options);
  settings.builder = builder_defaults();
  settings.builder.features.emplace_back(kNestedStoreFeature);
  auto from = load_nix_conf(environment_or("NIX_CONF_DIR", "/etc/nix"));
  if (const char* more = std::getenv("NIX_CONFIG")) {
    read_nix_conf(more, "/", "NIX_CONFIG", from);
  }
  apply_nix_settings(from, settings, [&](const std::string& problem) {
    if (!options.quiet) note_on_stderr(problem);
  });
  if (settings.sandbox != BuildPolicy::Sandbox::unsandboxed) {
    add_default_shell(settings.builder.sandbox_paths);
  }
  return settings;
}

std::filesystem::path socket_of(const DaemonOptions& options, const StoreLocation& location) {
  if (!options.socket.empty()) return options.socket;
  return environment_or("NIX_DAEMON_SOCKET_PATH",
                        (location.state / "daemon-socket/socket").string());
}

int run_daemon(const DaemonOptions& options) {
  const InterruptWatch interrupt;
  // Clients come and go; what is written to one that has gone is an error like any other.
  std::signal(SIGPIPE, SIG_IGN);
  const SystemClock clock;
  const auto note = [quiet = options.quiet](const std::string& message) {
    if (!quiet) note_on_stderr(message);
  };
  Daemon daemon(settings_of(options), find_launcher(), clock, note, interrupt.token());
  if (options.serve) {
    ServeSession(daemon.context(), options.write, STDIN_FILENO, STDOUT_FILENO).run();
  } else if (options.stdio) {
    // Whoever could start this program can do all that it can.
    WorkerSession(daemon.context(), {"stdio", true}, STDIN_FILENO, STDOUT_FILENO).run();
  } else {
    auto activated = DaemonSocket::activated();
    const auto path = socket_of(options, daemon.context().settings.location);
    DaemonServer server(daemon, activated ? std::move(*activated) : DaemonSocket::listen_at(path),
                        note);
    server.run(interrupt.token());
  }
  return kExitGood;
}

}  // namespace

void add_daemon_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand("daemon", "Serve a store to Nix's clients");
  const auto options = std::make_shared<DaemonOptions>();
  command
      ->add_option("--socket", options->socket,
                   "Unix socket to listen on (default: NIX_DAEMON_SOCKET_PATH, or in the state "
                   "directory)")
      ->type_name("PATH");
  command
      ->add_option("--store", options->store,
                   "Root of the store, laid out as ROOT/nix/store (default: /)")
      ->type_name("ROOT");
  auto* stdio = command->add_flag("--stdio", options->stdio,
                                  "Serve one trusted client over standard input and output");
  auto* serve = command
                    ->add_flag("--serve", options->serve,
                               "The same in the protocol of nix-store --serve (ssh://)")
                    ->excludes(stdio);
  command->add_flag("--write", options->write, "With --serve: what the client may change")
      ->needs(serve);
  command->add_flag("--quiet", options->quiet, "Say nothing of settings and clients");
  command->footer(kDaemonFooter);
  command->callback([options, &chosen] { chosen = [options] { return run_daemon(*options); }; });
}

}  // namespace grange
