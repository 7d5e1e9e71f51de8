#include "command/serve_options.h"

#include <optional>

namespace grange {
namespace {

/// Options of the command line win.
class FileSettings {
 public:
  explicit FileSettings(const std::set<std::string>& given) : given_(given) {}

  template <typename Value, typename Setting>
  void take(const char* option, const std::optional<Value>& value, Setting& setting) const {
    if (value && !given_.contains(option)) setting = *value;
  }
  void take_number(const char* option, const std::optional<std::int64_t>& value,
                   std::uint64_t& setting) const {
    if (value && !given_.contains(option)) setting = static_cast<std::uint64_t>(*value);
  }
  void take_seconds(const char* option, const std::optional<std::int64_t>& value,
                    double& setting) const {
    if (value && !given_.contains(option)) setting = static_cast<double>(*value);
  }
  bool is_given(const char* option) const { return given_.contains(option); }

 private:
  const std::set<std::string>& given_;
};

void take_server_settings(const FarmFileServer& server, const FileSettings& settings,
                          ServeOptions& options) {
  settings.take("--listen", server.listen, options.listen);
  settings.take("--base-url", server.base_url, options.base_url);
  settings.take("--state", server.state, options.state);
  settings.take("--evaluations", server.evaluations, options.evaluations);
  settings.take("--daemon-socket", server.daemon_socket, options.daemon_socket);
  settings.take("--daemon-shares", server.daemon_shares, options.daemon_shares);
  settings.take("--database", server.database, options.database);
  if (server.database_file && !settings.is_given("--database")) {
    options.database = read_secret_file(*server.database_file);
  }
}

void take_build_settings(const FarmFileBuild& build, const FileSettings& settings,
                         WorkshopOptions& options) {
  settings.take("--jobs", build.jobs, options.jobs);
  settings.take("--cores", build.cores, options.cores);
  settings.take_seconds("--timeout", build.timeout, options.timeout);
  settings.take_seconds("--max-silent", build.max_silent, options.max_silent);
  settings.take_number("--max-log", build.max_log, options.max_log_mib);
  settings.take("--store", build.store, options.store);
  settings.take("--sandbox-path", build.sandbox_paths, options.sandbox_paths);
  settings.take("--builders", build.builders, options.builders);
  settings.take("--substituter", build.substituters, options.substituters);
  settings.take("--trusted-public-key", build.trusted_public_keys, options.trusted_keys);
  settings.take("--min-free", build.min_free, options.min_free);
  settings.take("--max-free", build.max_free, options.max_free);
  if (settings.is_given("--no-sandbox") || settings.is_given("--relaxed-sandbox")) return;
  options.no_sandbox = build.sandbox == "off";
  options.relaxed_sandbox = build.sandbox == "relaxed";
}

}  // namespace

void take_farm_file(const FarmFile& file, const std::set<std::string>& given,
                    ServeOptions& options) {
  const FileSettings settings(given);
  take_server_settings(file.server, settings, options);
  take_build_settings(file.build, settings, options.workshop);
  settings.take("--evaluators", file.evaluate.workers, options.evaluator.workers);
  settings.take_number("--evaluator-memory", file.evaluate.max_memory,
                       options.evaluator.max_memory_mib);
  settings.take_seconds("--attribute-timeout", file.evaluate.attribute_timeout,
                        options.evaluator.attribute_timeout);
  settings.take_seconds("--evaluation-timeout", file.evaluate.timeout, options.evaluation_timeout);
}

void take_failure_lifetimes(const FarmFile& file, FailureLifetimes& lifetimes) {
  for (const auto& [outcome, lifetime] : file.failure_lifetimes) {
    if (lifetime) {
      lifetimes.set(to_string(outcome), *lifetime);
    } else {
      lifetimes.set_for_ever(to_string(outcome));
    }
  }
}

std::vector<DeclaredWebhook> read_webhooks(const FarmFile& file) {
  std::vector<DeclaredWebhook> webhooks;
  for (const auto& [forge, path] : file.webhooks) {
    webhooks.push_back({forge, read_secret_file(path)});
  }
  return webhooks;
}

}  // namespace grange
