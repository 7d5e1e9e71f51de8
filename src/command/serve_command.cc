#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "command/command.h"
#include "command/exit_code.h"
#include "command/interrupt.h"
#include "command/listen_address.h"
#include "command/serve_options.h"
#include "command/state_directory.h"
#include "evaluate/evaluator_identity.h"
#include "http/http_client.h"
#include "pages/farm_pages.h"
#include "process/process.h"
#include "serve/farm_daemon.h"
#include "serve/farm_server.h"

namespace grange {
namespace {

constexpr const char* kServeFooter = R"(
Examples:
  grange serve                                   everything in the state directory, at 127.0.0.1:3000
  grange serve --listen 0.0.0.0:80 --base-url https://farm.example.org --database postgresql:///grange
  grange serve --state ~/farm -j 4
  grange serve --config /etc/grange.toml

At the first start a one-time link is printed by which the administrator's account is made. What the
configuration file says counts where no option does; SIGHUP lets its projects be read again.

Exit codes:
  0 stopped · 64 usage · 65 bad settings · 70 internal · 75 database or address not available)";

constexpr std::chrono::seconds kGrace{10};

void warn_on_stderr(const std::string& message) {
  std::fprintf(stderr, "grange serve: %s\n", printable(message).c_str());
}

std::filesystem::path state_of(const ServeOptions& options) {
  return options.state.empty() ? default_state_directory()
                               : std::filesystem::absolute(options.state);
}

/// Secrets are in the record; who else may enter the directory may not read it.
void keep_private(const std::filesystem::path& file) {
  const FileDescriptor made(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (made.get() < 0) throw_errno("opening", file.string());
  for (const auto* suffix : {"", "-wal", "-shm"}) {
    const auto part = file.string() + suffix;
    if (::chmod(part.c_str(), 0600) != 0 && errno != ENOENT)
      throw_errno("changing the mode of", part);
  }
}

FarmConfig farm_config(const ServeOptions& options, const std::filesystem::path& state,
                       const std::stop_token& stop) {
  FarmConfig config;
  config.state = state;
  config.database = options.database.empty()
                        ? DatabaseLocation{DatabaseKind::sqlite, default_record_file(state), {}}
                        : DatabaseLocation::parse(options.database);
  config.workshop = workshop_config(options.workshop);
  if (options.workshop.store.empty()) config.workshop.store_root = default_store_root(state);
  config.workshop.eval_store_root = default_eval_store_root(state);
  config.workshop.rehearsal = options.rehearse;
  config.workshop.remote.stop = stop;
  config.workshop.warn = warn_on_stderr;
  config.evaluate = evaluate_options_of(options.evaluator);
  config.evaluate.timeout = Seconds(options.evaluation_timeout);
  config.evaluate.eval_store_root = config.workshop.eval_store_root;
  // People who may change a jobset need not be able to read what the server can.
  config.evaluate.restricted = true;
  config.evaluate.confinement = Confinement{config.workshop.launcher, evaluator_identity(), 0};
  config.evaluate.fsync_metadata = !options.workshop.fast_metadata;
  config.fetch.state = state;
  config.fetch.launcher = config.workshop.launcher;
  config.evaluations = options.evaluations;
  config.daemon_shares = options.daemon_shares;
  config.limits = options.workshop.limits();
  config.warn = warn_on_stderr;
  return config;
}

/// Empty: none. The default one is left out, saying so, where its name would be too long.
std::filesystem::path daemon_socket(const ServeOptions& options,
                                    const std::filesystem::path& state) {
  if (options.daemon_socket == "none") return {};
  if (!options.daemon_socket.empty()) return std::filesystem::absolute(options.daemon_socket);
  auto path = std::filesystem::absolute(state) / "daemon.sock";
  if (DaemonSocket::fits(path)) return path;
  warn_on_stderr("there is no daemon socket: '" + path.string() +
                 "' is too long a name for one; give another with --daemon-socket");
  return {};
}

FarmServerOptions server_options(const ServeOptions& options, const std::filesystem::path& state) {
  const auto address = ListenAddress::parse(options.listen);
  FarmServerOptions server;
  server.host = address.host;
  server.port = address.port;
  if (!options.base_url.empty()) server.accounts.site.base_url = Url::parse(options.base_url);
  server.key_file = state / "cache.key";
  server.key_name = "grange-" + this_system() + "-1";
  server.warn = warn_on_stderr;
  server.pages = farm_pages;
  return server;
}

/// What whoever starts it must know, a line each.
void tell_start(const ServeOptions& options, FarmServer& server, const FarmDaemon& daemon) {
  const auto base = options.base_url.empty()
                        ? ListenAddress::parse(options.listen).url(server.port())
                        : options.base_url;
  std::printf("listening: %s\n", base.c_str());
  std::printf("cache: %s/cache\n", base.c_str());
  std::printf("public key: %s\n", server.public_key().to_string().c_str());
  if (!daemon.socket().empty()) std::printf("daemon socket: %s\n", daemon.socket().c_str());
  if (const auto secret = server.setup_secret()) {
    std::printf("administrator link: %s\n",
                AccountService::setup_link(Url::parse(base), *secret).c_str());
  }
  std::fflush(stdout);
  if (!options.port_file.empty()) {
    write_file(options.port_file, std::to_string(server.port()) + "\n");
  }
}

/// Makes all be as the file declares it. What is wrong with it by now is told, and nothing changes.
void declare_again(FarmServer& server, const FarmFile& first, const std::string& file) {
  try {
    const auto again = read_farm_file(file);
    server.actions().declare(again.name, again.projects, read_webhooks(again));
    warn_on_stderr("read " + again.name + " again");
    if (!(again.server == first.server && again.build == first.build &&
          again.evaluate == first.evaluate && again.failure_lifetimes == first.failure_lifetimes)) {
      warn_on_stderr("what it says of the server, and not of projects, counts from the next start");
    }
  } catch (const Error& error) {
    warn_on_stderr(std::string("everything stays as it was declared before: ") + error.what());
  }
}

/// Each connection takes a descriptor. What cannot be raised stays as it is.
void raise_descriptor_limit() {
  constexpr rlim_t kEnough = 65536;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kEnough) return;
  limit.rlim_cur = std::min(limit.rlim_max, kEnough);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run_serve(ServeOptions options, const std::set<std::string>& given) {
  InterruptWatch interrupt(options.config.empty() ? InterruptWatch::Hangup::stops
                                                  : InterruptWatch::Hangup::is_told);
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  const SystemClock clock;
  std::optional<FarmFile> file;
  if (!options.config.empty()) {
    file = read_farm_file(options.config);
    take_farm_file(*file, given, options);
  }
  const auto webhooks = file ? read_webhooks(*file) : std::vector<DeclaredWebhook>();
  const auto state = state_of(options);
  grange::create_directories(state);
  if (options.database.empty()) keep_private(default_record_file(state));
  SystemProcessRunner programs;
  HttpClient http({}, clock);
  EvaluatorDoor door(state);
  auto config = farm_config(options, state, interrupt.token());
  if (file) take_failure_lifetimes(*file, config.failure_lifetimes);
  config.evaluate.imports = {
      door.path(), config.workshop.store_root,
      [waits = door.waits()](pid_t evaluator) { return waits->waits(evaluator); }};
  Farm farm(std::move(config), clock, programs, http);
  FarmDaemon daemon(
      farm, clock, door,
      {daemon_socket(options, state), farm.workshop().config().launcher, warn_on_stderr});
  auto serving = server_options(options, state);
  serving.daemon = &daemon;
  FarmServer server(farm, clock, std::move(serving));
  if (file) server.actions().declare(file->name, file->projects, webhooks);
  tell_start(options, server, daemon);
  while (interrupt.wait_for_hangup()) declare_again(server, *file, file->name);
  server.stop(kGrace);
  return kExitGood;
}

}  // namespace

void add_serve_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand(
      "serve", "The farm: watch jobsets, evaluate, build, record, answer over HTTP");
  const auto options = std::make_shared<ServeOptions>();
  command
      ->add_option("--config", options->config,
                   "Settings, projects and jobsets (TOML); options win over it")
      ->type_name("FILE");
  command->add_option("--listen", options->listen, "Where to listen; port 0: one that is free")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  command
      ->add_option("--database", options->database,
                   "postgresql://… or a file (default: record.sqlite in the state directory)")
      ->type_name("URL");
  command->add_option("--state", options->state, "State directory")->type_name("DIR");
  command->add_option("--port-file", options->port_file, "Write the port here once it listens")
      ->type_name("FILE");
  command
      ->add_option("--base-url", options->base_url,
                   "Where browsers and clients find this server, behind a proxy")
      ->type_name("URL");
  command
      ->add_option("--daemon-socket", options->daemon_socket,
                   "Unix socket on which Nix's clients use the farm's store; none: no such socket "
                   "(default: daemon.sock in the state directory)")
      ->type_name("PATH");
  command
      ->add_option("--daemon-shares", options->daemon_shares,
                   "Scheduling shares of what is asked for through it")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--evaluations", options->evaluations, "Jobsets evaluated at once")
      ->type_name("N")
      ->check(CLI::Range(1U, 64U))
      ->capture_default_str();
  command
      ->add_option("--evaluators", options->evaluator.workers,
                   "Evaluator processes of one evaluation (default: one per processor)")
      ->type_name("N");
  command
      ->add_option("--evaluator-memory", options->evaluator.max_memory_mib,
                   "MiB that one evaluator may use")
      ->type_name("MiB")
      ->check(CLI::Range(std::uint64_t{16}, std::uint64_t{1} << 32))
      ->capture_default_str();
  command
      ->add_option("--attribute-timeout", options->evaluator.attribute_timeout,
                   "Seconds that one attribute may take to evaluate")
      ->type_name("S")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--evaluation-timeout", options->evaluation_timeout,
                   "Seconds that one evaluation may take in all (0: no limit)")
      ->type_name("S")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  add_workshop_options(*command, options->workshop);
  // Not for people who want something built; bench/README.md says what it is for.
  command
      ->add_flag("--rehearse", options->rehearse,
                 "Make nothing: every step succeeds at once; only in a state directory of its own")
      ->excludes("--store")
      ->group("");
  command->footer(kServeFooter);
  command->callback([options, command, &chosen] {
    std::set<std::string> given;
    for (const auto* option : command->get_options()) {
      if (option->count() > 0) given.insert(option->get_name());
    }
    chosen = [options, given] { return run_serve(*options, given); };
  });
}

}  // namespace grange
