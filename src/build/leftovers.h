#pragma once

#include "store/local_store.h"

namespace grange {

/// Removes what killed processes left: their build areas with the sandboxes in them, their build
/// directories elsewhere, and outputs that they had begun in the store directory. Processes that
/// are building now are left alone. What cannot be removed is left for the next time.
void clean_build_leftovers(LocalStore& store);

}  // namespace grange
