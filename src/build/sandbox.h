#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "derivation/store_path.h"
#include "process/launcher.h"
#include "store/local_store.h"

namespace grange {

/// The sandbox paths of the configuration as they are for one store: what lies in the store
/// directory is looked for where it really is, and brings its closure.
struct ResolvedSandboxPaths {
  std::vector<SandboxPath> paths;
  std::set<StorePath> closure;
};

/// Throws NotFoundError for a path in the store directory whose object is not valid.
ResolvedSandboxPaths resolve_sandbox_paths(const std::vector<SandboxPath>& paths,
                                           LocalStore& store);

struct SandboxRequest {
  std::filesystem::path root;             ///< an empty directory
  std::filesystem::path build_directory;  ///< seen as /build
  const std::set<StorePath>& input_closure;
  bool network = false;  ///< the host's: for fixed-output derivations
  std::optional<std::pair<uid_t, gid_t>> identity;
};

/// What one builder sees: its input closure and the configured paths, nothing else.
SandboxSpec make_sandbox(const SandboxRequest& request, const ResolvedSandboxPaths& paths,
                         const StoreLocation& location);

}  // namespace grange
