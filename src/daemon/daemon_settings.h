#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/signature.h"
#include "build/local_builder.h"
#include "daemon/nix_conf.h"
#include "store/local_store.h"
#include "store/store_reference.h"

namespace grange {

/// What a daemon is and does, parsed once from nix.conf (names and meaning are Nix's).
struct DaemonSettings {
  StoreLocation location;
  LocalStoreOptions store;
  LocalBuilderConfig builder;
  BuildPolicy::Sandbox sandbox = BuildPolicy::Sandbox::sandboxed;
  unsigned max_jobs = 1;
  StepLimits limits;
  bool keep_going = false;
  bool fallback = false;
  bool substitute = true;
  std::vector<StoreReference> substituters;
  std::vector<StoreReference> trusted_substituters;  ///< that anybody may ask for
  std::vector<PublicKey> trusted_keys;
  std::vector<SecretKey> secret_keys;  ///< sign what is built here
  bool require_signatures = true;
  bool optimise_additions = false;  ///< auto-optimise-store
  /// For how long it is believed what substituters answered.
  std::chrono::seconds positive_lookups = std::chrono::hours(30 * 24);
  std::chrono::seconds negative_lookups = std::chrono::hours(1);
  bool keep_outputs = false;
  bool keep_derivations = true;
  std::vector<std::string> trusted_users = {"root"};
  std::vector<std::string> allowed_users = {"*"};
  std::string build_users_group;
  /// build-users-group is empty: without a sandbox builders run as this process's own user.
  bool builders_as_us = false;
  bool content_addressed = false;  ///< ca-derivations is switched on
};

/// `problem` hears of settings that have no effect here, and of those that are not known.
/// Throws InvalidError for a value that makes no sense.
void apply_nix_settings(const NixSettings& from, DaemonSettings& settings,
                        const std::function<void(const std::string& problem)>& note);

/// "true" or "false". Throws InvalidError.
bool parse_nix_flag(std::string_view name, std::string_view value);
/// Throws InvalidError.
std::uint64_t parse_nix_number(std::string_view name, std::string_view value);
/// "true", "false" or "relaxed". Throws InvalidError.
BuildPolicy::Sandbox parse_nix_sandbox(std::string_view value);

/// The policy under which a daemon with these settings builds.
BuildPolicy policy_of(const DaemonSettings& settings);

}  // namespace grange
