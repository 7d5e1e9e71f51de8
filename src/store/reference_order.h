#pragma once

#include <vector>

#include "derivation/path_info.h"
#include "derivation/store_path.h"

namespace grange {

/// `infos` in an order in which each comes after those of them that it refers to. References to
/// others, and to itself, do not count. Throws InvalidError when they lead in a circle.
std::vector<const PathInfo*> references_first(const StoreDir& store,
                                              const std::vector<PathInfo>& infos);

}  // namespace grange
