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

/// Makes the outputs at other places, and only compares those that are `valid` with what is
/// registered of them. The locks are held, and all inputs are valid.
MakingEnd check_outputs(const AttemptContext& context, const BuildRequest& request,
                        const DerivationAttributes& attributes, const PathLocks& locks,
                        const std::set<StorePath>& valid, BuilderIdentity& identity,
                        BuildObserver& observer, const std::stop_token& stop);

}  // namespace grange
