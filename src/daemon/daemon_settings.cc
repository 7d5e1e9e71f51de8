#include "daemon/daemon_settings.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::uint64_t kMaxSecretKey = std::uint64_t{64} << 10;

/// Settings of Nix that mean nothing to this daemon, or are what it does anyway: not worth a word.
bool is_without_effect(std::string_view name) {
  static constexpr std::string_view kNames[] = {"experimental-features",
                                                "compress-build-log",
                                                "keep-build-log",

                                                "sandbox-fallback",
                                                "sandbox-build-dir",
                                                "sandbox-dev-shm-size",
                                                "use-sqlite-wal",
                                                "http-connections",
                                                "http2",
                                                "download-speed",
                                                "download-attempts",
                                                "stalled-download-timeout",
                                                "connect-timeout",
                                                "user-agent-suffix",
                                                "warn-dirty",
                                                "allow-dirty",
                                                "accept-flake-config",
                                                "flake-registry",
                                                "use-registries",
                                                "access-tokens",
                                                "nix-path",
                                                "restrict-eval",
                                                "pure-eval",
                                                "allowed-uris",
                                                "allow-import-from-derivation",
                                                "eval-cache",
                                                "tarball-ttl",
                                                "show-trace",
                                                "plugin-files",
                                                "log-lines",
                                                "print-missing",
                                                "auto-allocate-uids",
                                                "builders-use-substitutes",
                                                "require-drop-supplementary-groups",
                                                "filter-syscalls",
                                                "allow-new-privileges",
                                                "impersonate-linux-26",
                                                "commit-lockfile-summary",
                                                "bash-prompt",
                                                "bash-prompt-prefix",
                                                "bash-prompt-suffix",
                                                "use-xdg-base-directories",
                                                "use-case-hack",
                                                "gc-reserved-space",
                                                "env-keep-derivations",
                                                "preallocate-contents",
                                                "enforce-determinism",
                                                "min-free-check-interval",
                                                "trace-verbose",
                                                "verbose-build",
                                                "use-cgroups",
                                                "always-allow-substitutes"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

std::vector<std::string> words_of(std::string_view value) {
  std::vector<std::string> words;
  for (const auto word : split_words(value)) words.emplace_back(word);
  return words;
}

std::vector<StoreReference> stores_of(std::string_view value) {
  std::vector<StoreReference> stores;
  for (const auto word : split_words(value)) stores.push_back(StoreReference::parse(word));
  return stores;
}

bool apply_to_builder(const std::string& name, const std::string& value,
                      LocalBuilderConfig& builder) {
  if (name == "system") {
    builder.system = value;
  } else if (name == "extra-platforms") {
    builder.extra_platforms = words_of(value);
  } else if (name == "system-features") {
    builder.features = words_of(value);
  } else if (name == "cores" || name == "build-cores") {
    builder.cores =
        static_cast<unsigned>(std::min<std::uint64_t>(parse_nix_number(name, value), 1U << 16));
  } else if (name == "repeat" || name == "build-repeat") {
    builder.repeat =
        static_cast<unsigned>(std::min<std::uint64_t>(parse_nix_number(name, value), 1000));
  } else if (name == "sandbox-paths" || name == "build-chroot-dirs") {
    builder.sandbox_paths.clear();
    for (const auto word : split_words(value)) {
      builder.sandbox_paths.push_back(SandboxPath::parse(word));
    }
  } else if (name == "allowed-impure-host-deps") {
    builder.host_paths = words_of(value);
  } else if (name == "hashed-mirrors") {
    builder.hashed_mirrors = words_of(value);
  } else if (name == "netrc-file") {
    builder.netrc = std::filesystem::exists(value) ? value : "";
  } else if (name == "ssl-cert-file") {
    builder.certificates = value;
  } else {
    return false;
  }
  return true;
}

bool apply_to_building(const std::string& name, const std::string& value,
                       DaemonSettings& settings) {
  if (name == "max-jobs" || name == "build-max-jobs") {
    settings.max_jobs =
        value == "auto"
            ? processor_count()
            : static_cast<unsigned>(std::min<std::uint64_t>(parse_nix_number(name, value), 1024));
  } else if (name == "sandbox" || name == "build-use-chroot" || name == "build-use-sandbox") {
    settings.sandbox = parse_nix_sandbox(value);
  } else if (name == "timeout" || name == "build-timeout") {
    settings.limits.timeout = Seconds(static_cast<double>(parse_nix_number(name, value)));
  } else if (name == "max-silent-time" || name == "build-max-silent-time") {
    settings.limits.max_silent = Seconds(static_cast<double>(parse_nix_number(name, value)));
  } else if (name == "max-build-log-size" || name == "build-max-log-size") {
    settings.limits.max_log_bytes = parse_nix_number(name, value);
  } else if (name == "keep-failed") {
    settings.limits.keep_failed = parse_nix_flag(name, value);
  } else if (name == "keep-going") {
    settings.keep_going = parse_nix_flag(name, value);
  } else if (name == "fallback" || name == "build-fallback") {
    settings.fallback = parse_nix_flag(name, value);
  } else if (name == "substitute" || name == "build-use-substitutes") {
    settings.substitute = parse_nix_flag(name, value);
  } else {
    return false;
  }
  return true;
}

std::chrono::seconds parse_duration(const std::string& name, const std::string& value) {
  constexpr std::uint64_t kLongest = std::uint64_t{1} << 40;
  return std::chrono::seconds(
      static_cast<std::int64_t>(std::min(parse_nix_number(name, value), kLongest)));
}

bool apply_to_store(const std::string& name, const std::string& value, DaemonSettings& settings) {
  if (name == "substituters" || name == "binary-caches") {
    settings.substituters = stores_of(value);
  } else if (name == "trusted-substituters" || name == "trusted-binary-caches") {
    settings.trusted_substituters = stores_of(value);
  } else if (name == "trusted-public-keys" || name == "binary-cache-public-keys") {
    settings.trusted_keys.clear();
    for (const auto key : split_words(value))
      settings.trusted_keys.push_back(PublicKey::parse(key));
  } else if (name == "secret-key-files") {
    settings.secret_keys.clear();
    for (const auto file : split_words(value)) {
      settings.secret_keys.push_back(SecretKey::parse(read_file(std::string(file), kMaxSecretKey)));
    }
  } else if (name == "require-sigs" || name == "signed-binary-caches") {
    settings.require_signatures =
        name == "signed-binary-caches" ? value == "*" : parse_nix_flag(name, value);
  } else if (name == "keep-outputs" || name == "gc-keep-outputs") {
    settings.keep_outputs = parse_nix_flag(name, value);
  } else if (name == "keep-derivations" || name == "gc-keep-derivations") {
    settings.keep_derivations = parse_nix_flag(name, value);
  } else if (name == "narinfo-cache-positive-ttl") {
    settings.positive_lookups = parse_duration(name, value);
  } else if (name == "narinfo-cache-negative-ttl") {
    settings.negative_lookups = parse_duration(name, value);
  } else if (name == "auto-optimise-store") {
    settings.optimise_additions = parse_nix_flag(name, value);
  } else if (name == "fsync-metadata") {
    settings.store.fast_metadata = !parse_nix_flag(name, value);
  } else if (name == "sync-before-registering") {
    settings.store.sync = parse_nix_flag(name, value);
  } else if (name == "trusted-users") {
    settings.trusted_users = words_of(value);
  } else if (name == "allowed-users") {
    settings.allowed_users = words_of(value);
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool parse_nix_flag(std::string_view name, std::string_view value) {
  if (value == "true" || value == "yes" || value == "1") return true;
  if (value == "false" || value == "no" || value == "0") return false;
  throw InvalidError("setting '" + std::string(name) + "': specified true or false, got '" +
                     printable(value) + "'");
}

std::uint64_t parse_nix_number(std::string_view name, std::string_view value) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) {
    throw InvalidError("setting '" + std::string(name) + "': specified a number, got '" +
                       printable(value) + "'");
  }
  return number;
}

BuildPolicy::Sandbox parse_nix_sandbox(std::string_view value) {
  if (value == "relaxed") return BuildPolicy::Sandbox::relaxed;
  return parse_nix_flag("sandbox", value) ? BuildPolicy::Sandbox::sandboxed
                                          : BuildPolicy::Sandbox::unsandboxed;
}

void apply_nix_settings(const NixSettings& from, DaemonSettings& settings,
                        const std::function<void(const std::string& problem)>& note) {
  for (const auto& [name, value] : from) {
    with_context([&name = name] { return "in setting '" + printable(name) + "'"; },
                 [&, &name = name, &value = value] {
                   if (name == "build-users-group") {
                     settings.build_users_group = value;
                     settings.builders_as_us = value.empty();
                     return;
                   }
                   if (name == "experimental-features") {
                     for (const auto word : split_words(value)) {
                       settings.content_addressed |= word == "ca-derivations";
                     }
                   }
                   if (apply_to_builder(name, value, settings.builder) ||
                       apply_to_building(name, value, settings) ||
                       apply_to_store(name, value, settings) || is_without_effect(name)) {
                     return;
                   }
                   note("setting '" + printable(name) + "' is not known, or has no effect here");
                 });
  }
}

BuildPolicy policy_of(const DaemonSettings& settings) {
  return local_policy(settings.builder, settings.sandbox);
}

}  // namespace grange
