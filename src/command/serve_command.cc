#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "command/command.h"
#include "command/exit_code.h"
#include "command/interrupt.h"
#include "command/listen_address.h"
#include "command/selection_options.h"
#include "command/state_directory.h"
#include "command/workshop_options.h"
#include "http/http_client.h"
#include "process/process.h"
#include "serve/farm_server.h"

namespace grange {
namespace {

struct ServeOptions {
  std::string listen = "127.0.0.1:3000";
  std::string database;
  std::string state;
  std::string port_file;
  std::string base_url;
  unsigned evaluations = 2;
  double evaluation_timeout = 10800;
  SelectionOptions evaluator;
  WorkshopOptions workshop;
};

constexpr const char* kServeFooter = R"(
Examples:
  grange serve                                   everything in the state directory, at 127.0.0.1:3000
  grange serve --listen 0.0.0.0:80 --base-url https://farm.example.org --database postgresql:///grange
  grange serve --state ~/farm -j 4

At the first start a one-time link is printed by which the administrator's account is made.

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
  config.workshop.remote.stop = stop;
  config.workshop.warn = warn_on_stderr;
  config.evaluate = evaluate_options_of(options.evaluator);
  config.evaluate.timeout = Seconds(options.evaluation_timeout);
  config.evaluate.eval_store_root = config.workshop.eval_store_root;
  config.evaluate.fsync_metadata = !options.workshop.fast_metadata;
  config.fetch.state = state;
  config.fetch.launcher = config.workshop.launcher;
  config.evaluations = options.evaluations;
  config.limits = options.workshop.limits();
  config.warn = warn_on_stderr;
  return config;
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
  return server;
}

/// What whoever starts it must know, a line each.
void tell_start(const ServeOptions& options, FarmServer& server) {
  const auto base = options.base_url.empty()
                        ? ListenAddress::parse(options.listen).url(server.port())
                        : options.base_url;
  std::printf("listening: %s\n", base.c_str());
  std::printf("cache: %s/cache\n", base.c_str());
  std::printf("public key: %s\n", server.public_key().to_string().c_str());
  if (const auto secret = server.setup_secret()) {
    std::printf("administrator link: %s\n",
                AccountService::setup_link(Url::parse(base), *secret).c_str());
  }
  std::fflush(stdout);
  if (!options.port_file.empty()) {
    write_file(options.port_file, std::to_string(server.port()) + "\n");
  }
}

int run_serve(const ServeOptions& options) {
  const InterruptWatch interrupt;
  std::signal(SIGPIPE, SIG_IGN);
  const SystemClock clock;
  const auto state = state_of(options);
  grange::create_directories(state);
  SystemProcessRunner programs;
  HttpClient http({}, clock);
  Farm farm(farm_config(options, state, interrupt.token()), clock, programs, http);
  FarmServer server(farm, clock, server_options(options, state));
  tell_start(options, server);
  interrupt.wait();
  server.stop(kGrace);
  return kExitGood;
}

}  // namespace

void add_serve_command(CLI::App& parent, Action& chosen) {
  auto* command = parent.add_subcommand(
      "serve", "The farm: watch jobsets, evaluate, build, record, answer over HTTP");
  const auto options = std::make_shared<ServeOptions>();
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
  command->footer(kServeFooter);
  command->callback([options, &chosen] { chosen = [options] { return run_serve(*options); }; });
}

}  // namespace grange
