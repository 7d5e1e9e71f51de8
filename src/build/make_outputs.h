#pragma once

#include <set>
#include <stop_token>

#include "build/attempt_context.h"
#include "build/builder.h"
#include "build/builder_identity.h"
#include "build/output_maker.h"
#include "derivation/attributes.h"

namespace grange {

/// Runs the builder (or the builtin), then checks, installs and registers every output that is not
/// among the `valid` ones. The outputs' `locks` are held, nothing stands at their paths, and all
/// inputs are valid. When this returns or throws, nothing half-made is left.
///
/// Where outputs are to be made repeatedly, all rounds must give the same, or nothing is
/// registered.
MakingEnd make_outputs(const AttemptContext& context, const BuildRequest& request,
                       const DerivationAttributes& attributes, const PathLocks& locks,
                       const std::set<StorePath>& valid, BuilderIdentity& identity,
                       BuildObserver& observer, const std::stop_token& stop);

/// What becomes of outputs that were made again, and are what is registered.
enum class MadeAgain {
  discarded,
  replaces,  ///< what is damaged in the store is exchanged for it
};

/// Makes the outputs at other places, and compares those that are `valid` with what is
/// registered of them; what is not the same changes nothing. The locks are held, and all inputs are
/// valid.
MakingEnd check_outputs(const AttemptContext& context, const BuildRequest& request,
                        const DerivationAttributes& attributes, const PathLocks& locks,
                        const std::set<StorePath>& valid, MadeAgain made_again,
                        BuilderIdentity& identity, BuildObserver& observer,
                        const std::stop_token& stop);

}  // namespace grange
