#pragma once

#include <string>

#include "store/local_store.h"

namespace grange {

/// The store path that a user means: a full path of the store, logical or where it really is, or
/// anything inside one; a symlink that leads to such a path (./result); or a base name. Throws
/// InvalidError.
StorePath parse_store_path_argument(const StoreLocation& location, const std::string& argument);

}  // namespace grange
