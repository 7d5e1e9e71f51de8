#include "serve/settings_json.h"

#include <nlohmann/json.hpp>

#include "record/public_export.h"

namespace grange {
namespace {

std::string_view sandbox_text(BuildPolicy::Sandbox sandbox) {
  switch (sandbox) {
    case BuildPolicy::Sandbox::sandboxed:
      return "on";
    case BuildPolicy::Sandbox::unsandboxed:
      return "off";
    case BuildPolicy::Sandbox::relaxed:
      return "relaxed";
  }
  return "on";
}

std::string shown_store(const StoreReference& store) {
  return without_credentials(store.to_string(), false);
}

ApiJson server_json(const FarmConfig& config, const ServerFacts& server,
                    const std::filesystem::path& daemon_socket) {
  ApiJson json{{"listen", server.host + ":" + std::to_string(server.port)}, {"baseUrl", nullptr}};
  if (server.base_url) json["baseUrl"] = without_credentials(*server.base_url, false);
  json["state"] = config.state.string();
  json["evaluations"] = config.evaluations;
  json["daemonSocket"] = daemon_socket.empty() ? ApiJson() : ApiJson(daemon_socket.string());
  json["daemonShares"] = config.daemon_shares;
  return json;
}

ApiJson build_json(const FarmConfig& config) {
  const auto& workshop = config.workshop;
  ApiJson json{{"jobs", workshop.local_jobs},
               {"cores", workshop.builder.cores},
               {"timeout", config.limits.timeout.count()},
               {"maxSilent", config.limits.max_silent.count()},
               {"maxLog", config.limits.max_log_bytes},
               {"store", workshop.store_root.string()},
               {"sandbox", sandbox_text(workshop.sandbox)},
               {"sandboxPaths", ApiJson::array()},
               {"builders", ApiJson::array()},
               {"substituters", ApiJson::array()},
               {"trustedPublicKeys", ApiJson::array()},
               {"minFree", workshop.low_disk.min_free},
               {"maxFree", nullptr}};
  for (const auto& path : workshop.builder.sandbox_paths) {
    json["sandboxPaths"].push_back(path.to_string());
  }
  for (const auto& machine : workshop.machines) {
    json["builders"].push_back(shown_store(machine.store));
  }
  for (const auto& store : workshop.substituters) {
    json["substituters"].push_back(shown_store(store));
  }
  for (const auto& key : workshop.trusted_keys) {
    json["trustedPublicKeys"].push_back(key.to_string());
  }
  if (workshop.low_disk.max_free != LowDiskOptions().max_free) {
    json["maxFree"] = workshop.low_disk.max_free;
  }
  return json;
}

/// Seconds by class of failure; null: for ever.
ApiJson failures_json(const FailureLifetimes& lifetimes) {
  ApiJson json = ApiJson::object();
  for (const auto outcome :
       {Outcome::failed, Outcome::failed_with_output, Outcome::output_rejected, Outcome::timed_out,
        Outcome::log_limit_exceeded, Outcome::hash_mismatch}) {
    const auto until = lifetimes.believed_until(outcome, TimePoint());
    json[std::string(to_string(outcome))] =
        until ? ApiJson(
                    std::chrono::duration_cast<std::chrono::seconds>(*until - TimePoint()).count())
              : ApiJson();
  }
  return json;
}

}  // namespace

ApiJson settings_json(const FarmConfig& config, const ServerFacts& server,
                      const std::filesystem::path& daemon_socket) {
  const auto& evaluate = config.evaluate;
  return {{"server", server_json(config, server, daemon_socket)},
          {"build", build_json(config)},
          {"evaluate",
           {{"workers", evaluate.workers},
            {"maxMemory", evaluate.max_memory},
            {"attributeTimeout", evaluate.attribute_timeout.count()},
            {"timeout", evaluate.timeout.count()}}},
          {"failureLifetimes", failures_json(config.failure_lifetimes)}};
}

}  // namespace grange
