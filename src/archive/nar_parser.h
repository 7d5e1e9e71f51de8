#pragma once

#include "archive/nar_visitor.h"
#include "base/stream.h"

namespace grange {

/// Reads one NAR by the strict grammar and tells `visitor` of its nodes; reads nothing beyond its
/// last byte. Nodes are told of as they arrive, so an error can come after many of them. Throws
/// CorruptError with the offset for every malformed form of nix-store.md §2.2.
void parse_nar(Source& source, NarVisitor& visitor);

}  // namespace grange
