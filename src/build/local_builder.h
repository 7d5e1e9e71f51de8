#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "build/builder.h"
#include "build/download.h"
#include "build/nested_store.h"
#include "process/launcher.h"
#include "store/local_store.h"

namespace grange {

struct LocalBuilderConfig {
  std::string system;                        ///< "x86_64-linux"
  std::vector<std::string> extra_platforms;  ///< "i686-linux"
  std::vector<std::string> features;
  unsigned cores = 0;  ///< NIX_BUILD_CORES; 0: all
  bool keep_failed = false;
  /// What a check keeps of outputs that differ goes to PATH.check, as nix does it. It is in the
  /// store directory, but no store object.
  bool keep_beside_valid = false;
  /// How many times more outputs are made and compared before they are registered (never fixed
  /// ones, which their hash verifies).
  unsigned repeat = 0;
  std::vector<SandboxPath> sandbox_paths;  ///< of `local_policy`: an attempt shows its policy's
  std::vector<std::string> host_paths;     ///< what derivations may name in their __impureHostDeps
  std::filesystem::path temporary;  ///< for unsandboxed build directories; "" = $TMPDIR or /tmp
  std::vector<std::string> hashed_mirrors;
  bool run_as_pool = false;  ///< root: builders get uids from a pool
  /// This process's environment: fixed-output derivations see what their impureEnvVars names.
  std::map<std::string, std::string> impure_environment;
  DownloadLimits download_limits;      ///< of builtin:fetchurl
  std::filesystem::path netrc;         ///< empty: none
  std::filesystem::path certificates;  ///< of trusted authorities; empty: the system's
};

/// The policy under which a builder that is configured so makes steps.
BuildPolicy local_policy(const LocalBuilderConfig& config, BuildPolicy::Sandbox sandbox);

/// Makes steps on this machine: prepares the environment, runs the builder through the launcher
/// (or a builtin), checks, canonicalises and registers its outputs, writes its log. `nested` serves
/// the store to builders that ask for it; without it they are not made here.
std::unique_ptr<Builder> make_local_builder(LocalStore& eval_store, LocalStore& store,
                                            Launcher& launcher, const Clock& clock,
                                            LocalBuilderConfig config,
                                            NestedStores* nested = nullptr);

}  // namespace grange
