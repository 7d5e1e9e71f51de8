#pragma once

#include "derivation/derivation_graph.h"
#include "derivation/realisation.h"
#include "store/local_store.h"
#include "wire/wire_realisation.h"

namespace grange {

/// The closure of one derivation that is valid in a store, its own index last. Throws InvalidError
/// when it is not valid, or cannot be read.
DerivationGraph load_closure(LocalStore& store, const StorePath& derivation);

/// How older peers name the same output: by the hash modulo of its derivation, which must be valid
/// in the store. Throws InvalidError for an output that has no such name.
DrvOutput id_of(LocalStore& store, const OutputOfDerivation& output);
Realisation as_realisation(LocalStore& store, const NewRealisation& realisation);

}  // namespace grange
