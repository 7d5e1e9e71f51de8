#pragma once

#include <vector>

#include "base/signature.h"
#include "derivation/path_info.h"
#include "derivation/realisation.h"

namespace grange {

/// Adds a signature by each of `keys`, unless it is there.
void sign_with_all(const StoreDir& store, const std::vector<SecretKey>& keys, PathInfo& info);
void sign_with_all(const std::vector<SecretKey>& keys, Realisation& realisation);

}  // namespace grange
