#pragma once

#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "derivation/build_result.h"
#include "derivation/derivation.h"
#include "plan/plan.h"
#include "store/local_store.h"

namespace grange {

/// One attempt to make one derivation. Its inputs are valid in the destination store; its input
/// sources may still have to be copied from the eval store.
struct BuildRequest {
  StorePath derivation_path;  ///< resolved where it had to be
  const Derivation* derivation = nullptr;
  /// The recomputed paths of those declared outputs whose paths do not depend on content.
  std::map<std::string, StorePath> output_paths;
  std::set<std::string> wanted;
  /// Store paths of the input derivations' used outputs (not yet their closure).
  std::set<StorePath> input_paths;
  BuildPolicy policy;
  StepLimits limits;
  /// What was asked for, where `derivation` is what it was resolved to: that is then written to the
  /// destination store, and the log is kept under both.
  std::optional<StorePath> unresolved_path{};
  /// By which the outputs' realisations are known and registered; nothing: none is.
  std::optional<Sha256> drv_output_hash{};
};

/// Hears of an attempt while it runs. Called from the builder's thread; must not block for long.
class BuildObserver {
 public:
  virtual ~BuildObserver() = default;
  /// Raw bytes of the log as they come.
  virtual void log(std::string_view data) = 0;
  /// "copying sources", "building", "checking outputs", or a phase that the builder itself reports.
  virtual void phase(std::string_view name) = 0;
};

/// The seam for making one step. Thread safe: attempts run side by side.
class Builder {
 public:
  virtual ~Builder() = default;
  /// A failed build is a value; thrown is only what concerns this machine (CancelledError when
  /// stopped, UnavailableError for a full disk, DeniedError where the sandbox is forbidden, …).
  virtual BuildResult build(const BuildRequest& request, BuildObserver& observer,
                            std::stop_token stop) = 0;
};

}  // namespace grange
