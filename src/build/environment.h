#pragma once

#include <map>
#include <string>
#include <vector>

#include "build/string_rewrites.h"
#include "derivation/attributes.h"
#include "derivation/derivation.h"
#include "derivation/store_path.h"

namespace grange {

/// What a builder gets in a file of its build directory: a variable (`passAsFile`), an exported
/// graph, or its structured attributes.
struct PassedFile {
  std::string name;
  std::string content;
};

/// Everything a builder is told: pure, from the derivation and where it runs.
struct BuilderEnvironment {
  std::map<std::string, std::string> variables;
  std::vector<PassedFile> files;

  /// "NAME=VALUE", sorted by name.
  std::vector<std::string> strings() const;
};

struct EnvironmentSettings {
  StoreDir store_dir = StoreDir::nix();
  std::string build_directory;  ///< as the builder sees it: "/build" in a sandbox
  unsigned cores = 0;           ///< NIX_BUILD_CORES
  /// This machine's own variables, of which fixed-output derivations see what their
  /// `impureEnvVars` names.
  std::map<std::string, std::string> impure;
  std::map<std::string, std::string> graphs;  ///< of exportReferencesGraph (`export_graphs`)
  StringRewrites rewrites;
  std::string store_socket{};  ///< of a nested store, as the builder sees it; empty: none
};

/// The environment of nix-store.md §10.2, later assignments winning. Unlike Nix 2.8 it names the
/// files of structured attributes as the builder sees them.
BuilderEnvironment make_environment(const Derivation& derivation,
                                    const DerivationAttributes& attributes,
                                    const EnvironmentSettings& settings);

}  // namespace grange
