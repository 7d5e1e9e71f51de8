#pragma once

#include "derivation/derivation_graph.h"

namespace grange {

/// Reads derivations by the first of two readers, and what that does not have by the second.
DerivationReader first_reader(DerivationReader first, DerivationReader second);

}  // namespace grange
