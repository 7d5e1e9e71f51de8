#pragma once

#include "derivation/derivation.h"

namespace grange {

/// Throws InvalidError unless `derivation` has the form that every reader demands: outputs of one
/// kind (a fixed one alone and named "out", floating ones of one method), names that may be names,
/// inputs that are derivations and of which something is used, a system that needs no escapes.
/// Outputs may be absent. Says nothing of whether paths are right (check_derivation does).
void check_derivation_form(const Derivation& derivation);

}  // namespace grange
