#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "build/attempt_area.h"
#include "build/attempt_context.h"
#include "build/build_failure.h"
#include "build/builder.h"
#include "build/builder_identity.h"
#include "build/log_capture.h"
#include "build/output_places.h"
#include "derivation/attributes.h"

namespace grange {

/// What running one builder needs to know.
struct BuilderRun {
  const BuildRequest& request;
  const DerivationAttributes& attributes;
  const std::vector<OutputPlace>& places;
  const std::set<StorePath>& input_closure;
  const BuilderIdentity& identity;
  const PathLocks& locks;  ///< of the outputs
  AttemptArea& area;
  std::filesystem::path sandbox_root;  ///< empty: no sandbox
};

/// Where a builder ran, and why it failed if it did.
struct BuilderRunEnd {
  std::filesystem::path build_directory;
  std::optional<BuildFailure> failure;
  /// What came into sight through its nested store.
  std::set<StorePath> added{};
};

/// Runs the builder to its end in a new build directory. When it returns or throws nothing of the
/// builder runs any more.
BuilderRunEnd run_builder(const AttemptContext& context, const BuilderRun& run, LogCapture& log,
                          const std::stop_token& stop);

/// The same for our own builders, which need no directory.
std::optional<BuildFailure> run_builtin(const AttemptContext& context, const BuilderRun& run,
                                        LogCapture& log, const std::stop_token& stop);

}  // namespace grange
