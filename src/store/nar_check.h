#pragma once

#include <cstdint>

#include "base/hash.h"
#include "derivation/path_info.h"

namespace grange {

/// Throws CorruptError unless hash and size of a NAR are those of `info`.
void check_nar(const StoreDir& store, const PathInfo& info, const Hash& hash, std::uint64_t size);

}  // namespace grange
