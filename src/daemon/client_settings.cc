#include "daemon/client_settings.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

/// The stores of `value` that anybody may ask for.
std::vector<StoreReference> allowed_stores(std::string_view value, const DaemonSettings& daemon,
                                           bool trusted,
                                           const std::function<void(const std::string&)>& ignored) {
  std::vector<StoreReference> stores;
  for (const auto word : split_words(value)) {
    auto reference = StoreReference::parse(word);
    const auto among = [&](const std::vector<StoreReference>& list) {
      return std::find(list.begin(), list.end(), reference) != list.end();
    };
    if (trusted || among(daemon.substituters) || among(daemon.trusted_substituters)) {
      stores.push_back(std::move(reference));
    } else {
      ignored("ignoring untrusted substituter '" + printable(word) +
              "', because it is not among the daemon's substituters or trusted-substituters");
    }
  }
  return stores;
}

/// What every client may set.
bool is_harmless(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "build-timeout",   "timeout",         "build-repeat",          "repeat",
      "connect-timeout", "max-silent-time", "build-max-silent-time", "builders"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

bool names_substituters(std::string_view name) {
  return name == "substituters" || name == "extra-substituters" || name == "trusted-substituters" ||
         name == "binary-caches" || name == "extra-binary-caches";
}

}  // namespace

ClientSettings::ClientSettings(const DaemonSettings& daemon)
    : policy(policy_of(daemon)),
      limits(daemon.limits),
      keep_going(daemon.keep_going),
      may_build(daemon.max_jobs > 0),
      substitute(daemon.substitute),
      fallback(daemon.fallback),
      substituters(daemon.substituters),
      trusted_keys(daemon.trusted_keys),
      require_signatures(daemon.require_signatures),
      optimise_additions(daemon.optimise_additions),
      keep_outputs(daemon.keep_outputs),
      keep_derivations(daemon.keep_derivations) {}

void ClientSettings::apply(const SetOptions& options, const DaemonSettings& daemon, bool trusted,
                           const std::function<void(const std::string& message)>& ignored) {
  *this = ClientSettings(daemon);
  verbosity = options.verbosity;
  limits.keep_failed = options.keep_failed;
  keep_going = options.keep_going;
  may_build = options.max_build_jobs > 0;
  limits.max_silent = Seconds(static_cast<double>(options.max_silent_time));
  limits.cores = static_cast<unsigned>(std::min<std::uint64_t>(options.build_cores, 1U << 16));
  substitute = options.use_substitutes;
  fallback = daemon.fallback || options.try_fallback;
  DaemonSettings changed = daemon;
  changed.limits = limits;
  NixSettings settings;
  for (const auto& [name, value] : options.overrides) {
    if (names_substituters(name)) {
      auto stores = allowed_stores(value, daemon, trusted, ignored);
      if (name.starts_with("extra-")) {
        substituters.insert(substituters.end(), stores.begin(), stores.end());
      } else if (name != "trusted-substituters") {
        substituters = std::move(stores);
      }
    } else if (name == "experimental-features" || name == "plugin-files" || name == "store" ||
               name == "trusted-users" || name == "allowed-users" || name == "secret-key-files" ||
               name == "max-jobs" || name == "keep-going" || name == "keep-failed") {
      // Never taken from a client, or said in another field.
    } else if (trusted || is_harmless(name)) {
      settings.emplace(name, value);
    } else if (name != "sandbox" || value != "true") {  // which asks for no more than it gets
      ignored("ignoring the client-specified setting '" + printable(name) +
              "', because it is a restricted setting and you are not a trusted user");
    }
  }
  apply_nix_settings(settings, changed, [](const std::string&) {});
  limits = changed.limits;
  policy = policy_of(changed);
  trusted_keys = changed.trusted_keys;
  require_signatures = changed.require_signatures;
  optimise_additions = changed.optimise_additions;
  keep_outputs = changed.keep_outputs;
  keep_derivations = changed.keep_derivations;
}

}  // namespace grange
