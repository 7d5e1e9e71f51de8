#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "build/build_failure.h"
#include "build/builder.h"
#include "derivation/attributes.h"
#include "derivation/build_result.h"
#include "store/local_store.h"

namespace grange {

/// How the making of a derivation's outputs went.
struct MakingEnd {
  std::optional<BuildFailure> failure;
  std::string log_tail;
  std::map<std::string, OutputComparison> compared{};  ///< by output name
  /// Where the outputs are that were made, by name, when there is no failure.
  std::map<std::string, StorePath> outputs{};
};

/// What differs between the places where outputs are made: one object for each attempt
/// (attempt.h), which does all that is the same everywhere.
class OutputMaker {
 public:
  virtual ~OutputMaker() = default;

  /// Why it cannot even be tried; nothing when it can.
  virtual std::optional<BuildFailure> unmet(const BuildRequest& request,
                                            const DerivationAttributes& attributes) = 0;
  /// Gets what must be had before the outputs' locks are taken: while they are held we only wait
  /// for the builder itself.
  virtual void prepare(const BuildRequest& request, const DerivationAttributes& attributes) = 0;
  /// Makes, checks, and registers in the destination store every output that is not `valid`. The
  /// outputs' `locks` are held, nothing stands at their paths, and all inputs are valid there. When
  /// this returns or throws, nothing half-made is left.
  virtual MakingEnd make(const BuildRequest& request, const DerivationAttributes& attributes,
                         const PathLocks& locks, const std::set<StorePath>& valid) = 0;
  /// Makes the outputs elsewhere, and only compares those that are `valid`.
  virtual MakingEnd check(const BuildRequest& request, const DerivationAttributes& attributes,
                          const PathLocks& locks, const std::set<StorePath>& valid) = 0;
};

}  // namespace grange
