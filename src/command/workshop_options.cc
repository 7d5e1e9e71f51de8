#include "command/workshop_options.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "command/builder_defaults.h"
#include "command/care_options.h"
#include "command/state_directory.h"
#include "store/lookup_cache.h"

namespace grange {
unsigned WorkshopOptions::job_count() const {
  return jobs.value_or(processor_count());
}

StepLimits WorkshopOptions::limits() const {
  StepLimits limits;
  limits.timeout = Seconds(timeout);
  limits.max_silent = Seconds(max_silent);
  limits.max_log_bytes = max_log_mib << 20;
  return limits;
}

void add_workshop_options(CLI::App& command, WorkshopOptions& options) {
  command
      .add_option(
          "--jobs,-j", options.jobs,
          "Attempts at once on this machine (default: one per processor; 0: only on others)")
      ->type_name("N")
      ->check(CLI::Range(0U, 1024U));
  command
      .add_option(
          "--builders", options.builders,
          "Other machines that make steps, as in Nix: STORE SYSTEMS KEY JOBS SPEED FEATURES "
          "MANDATORY HOSTKEY, separated by ';', or @FILE (repeatable)")
      ->type_name("MACHINES|@FILE")
      ->allow_extra_args(false);
  command.add_option("--cores", options.cores, "NIX_BUILD_CORES for builders (0: all)")
      ->type_name("N");
  command
      .add_option("--timeout", options.timeout, "Seconds that one attempt may take (0: no limit)")
      ->type_name("S")
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--max-silent", options.max_silent,
                  "Seconds that an attempt may be silent (0: no limit)")
      ->type_name("S")
      ->check(CLI::NonNegativeNumber);
  command.add_option("--max-log", options.max_log_mib, "MiB of log per attempt (0: no limit)")
      ->type_name("MiB");
  command
      .add_option(
          "--store", options.store,
          "Root of the destination store, laid out as ROOT/nix/store (default: in the state "
          "directory; / means the plain /nix/store)")
      ->type_name("ROOT");
  auto* no_sandbox =
      command.add_flag("--no-sandbox", options.no_sandbox, "Make steps without a sandbox");
  command
      .add_flag("--relaxed-sandbox", options.relaxed_sandbox,
                "Make those steps without a sandbox that set __noChroot")
      ->excludes(no_sandbox);
  command
      .add_option("--sandbox-path", options.sandbox_paths,
                  "Host path to show in sandboxes: TARGET or TARGET=SOURCE, with a final ? when it "
                  "may be missing (repeatable)")
      ->type_name("P")
      ->allow_extra_args(false);
  command
      .add_option("--allow-host-path", options.host_paths,
                  "Host path that a derivation may ask for in its __impureHostDeps, with all below "
                  "it (repeatable)")
      ->type_name("P")
      ->allow_extra_args(false);
  command
      .add_option("--hashed-mirror", options.hashed_mirrors,
                  "Where builtin:fetchurl looks first, as URL/ALGORITHM/HASH (repeatable)")
      ->type_name("URL")
      ->allow_extra_args(false);
  command
      .add_option(
          "--netrc", options.netrc,
          "Names and passwords for builtin:fetchurl and for stores at http:// and https://, by "
          "host, as in a .netrc")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  command
      .add_option("--certificates", options.certificates,
                  "Certificates of the authorities that builtin:fetchurl trusts (default: the "
                  "system's)")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  command
      .add_option("--min-free", options.min_free,
                  "Collect garbage while building when less is free on the store's disk (5G)")
      ->type_name("N");
  command
      .add_option("--max-free", options.max_free,
                  "Let such a collection stop when so much is free (default: all garbage goes)")
      ->type_name("N");
  command.add_flag("--keep-failed", options.keep_failed,
                   "Leave the build directory and outputs of a failed attempt behind");
  command
      .add_option("--repeat", options.repeat,
                  "Make outputs N times more and compare before registering them (never fixed "
                  "outputs)")
      ->type_name("N")
      ->check(CLI::Range(0U, 1000U));
  command
      .add_option("--substituter", options.substituters,
                  "A store that outputs are fetched from instead of being built: URL or directory; "
                  "may be repeated")
      ->allow_extra_args(false)
      ->type_name("STORE");
  command
      .add_option("--trusted-public-key", options.trusted_keys,
                  "Whose signatures count on what is fetched; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME:BASE64");
  command
      .add_option("--narinfo-cache-positive-ttl", options.positive_ttl,
                  "Seconds that it is believed of a substituter that it has something (30 days)")
      ->type_name("S")
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--narinfo-cache-negative-ttl", options.negative_ttl,
                  "Seconds that it is believed that it has not (1 hour)")
      ->type_name("S")
      ->check(CLI::NonNegativeNumber);
  command.add_flag("--sync", options.sync, "Sync store objects to disk before registering them");
  command.add_flag("--fast-metadata", options.fast_metadata,
                   "Leave syncing the store's database to the system, as nix does with "
                   "fsync-metadata = false: a power cut may damage it");
}

WorkshopConfig workshop_config(const WorkshopOptions& options) {
  WorkshopConfig config;
  config.store_root =
      options.store.empty() ? default_store_root() : std::filesystem::absolute(options.store);
  config.eval_store_root = options.eval_store.empty()
                               ? default_eval_store_root()
                               : std::filesystem::absolute(options.eval_store);
  config.launcher = find_launcher();
  if (options.no_sandbox) config.sandbox = BuildPolicy::Sandbox::unsandboxed;
  if (options.relaxed_sandbox) config.sandbox = BuildPolicy::Sandbox::relaxed;
  if (!options.min_free.empty()) config.low_disk.min_free = parse_byte_count(options.min_free);
  if (!options.max_free.empty()) config.low_disk.max_free = parse_byte_count(options.max_free);
  config.tell_low_disk = [](const std::string& message) {
    std::fprintf(stderr, "grange: %s\n", printable(message).c_str());
  };
  config.warn = [](const std::string& problem) {
    std::fprintf(stderr, "grange: warning: %s\n", printable(problem).c_str());
  };
  LookupCacheOptions lookups;
  lookups.file = default_lookup_file();
  lookups.positive = std::chrono::seconds(options.positive_ttl);
  lookups.negative = std::chrono::seconds(options.negative_ttl);
  config.remote.lookups = std::make_shared<LookupCache>(
      std::move(lookups), std::make_shared<SystemClock>(), config.warn);
  for (const auto& name : options.substituters) {
    config.substituters.push_back(StoreReference::parse(name));
  }
  for (const auto& key : options.trusted_keys) {
    config.trusted_keys.push_back(PublicKey::parse(key));
  }
  config.sync = options.sync;
  config.fast_metadata = options.fast_metadata;
  config.builder = builder_defaults();
  config.local_jobs = options.job_count();
  for (const auto& text : options.builders) {
    for (auto& machine : parse_machines(text, config.builder.system)) {
      config.machines.push_back(std::move(machine));
    }
  }
  if (config.local_jobs == 0 && config.machines.empty()) {
    throw InvalidError("--jobs 0 makes nothing on this machine, and --builders names no other");
  }
  config.builder.cores = options.cores;
  config.builder.keep_failed = options.keep_failed;
  config.builder.repeat = options.repeat;
  for (const auto& path : options.sandbox_paths) {
    config.builder.sandbox_paths.push_back(SandboxPath::parse(path));
  }
  if (!options.no_sandbox) add_default_shell(config.builder.sandbox_paths);
  for (const auto& path : options.host_paths) {
    if (!path.starts_with('/')) {
      throw InvalidError("--allow-host-path '" + path + "' is not an absolute path");
    }
    config.builder.host_paths.push_back(path);
  }
  config.builder.hashed_mirrors = options.hashed_mirrors;
  config.builder.netrc = options.netrc;
  config.remote.netrc_file = options.netrc;
  config.remote.environment = process_environment();
  config.builder.certificates = options.certificates;
  return config;
}

}  // namespace grange
