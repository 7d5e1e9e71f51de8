#pragma once

#include <set>

#include "derivation/derivation_graph.h"
#include "derivation/realisation.h"
#include "store/local_store.h"
#include "wire/wire_realisation.h"

namespace grange {

/// The closures of those that are valid in a store. Throws InvalidError for one that cannot be
/// read.
DerivationGraph load_closures(LocalStore& store, const std::set<StorePath>& derivations);
/// The closure of one derivation that is valid in a store. Throws InvalidError
/// when it is not valid, or cannot be read.
DerivationGraph load_closure(LocalStore& store, const StorePath& derivation);

/// How older peers name the same output: by the hash modulo of its derivation, which must be valid
/// in the store. Throws InvalidError for an output that has no such name.
DrvOutput id_of(LocalStore& store, const OutputOfDerivation& output);
Realisation as_realisation(LocalStore& store, const NewRealisation& realisation);

}  // namespace grange
