#pragma once

#include "derivation/derivation.h"
#include "derivation/derivation_graph.h"

namespace grange {

/// Reads a derivation again, whole. Throws NotFoundError when its file is gone, and
/// InvalidError when the file's name does not match its content, or it does not parse.
Derivation read_derivation_file(const StoreDir& store_dir, const StorePath& path,
                                const DerivationReader& reader);
/// The same for one of a graph.
Derivation read_derivation_file(const DerivationGraph& graph, DerivationIndex derivation,
                                const DerivationReader& reader);

}  // namespace grange
