#pragma once

#include <filesystem>

#include "store/local_store.h"

namespace grange {

/// See LocalStore::add_indirect_root. Throws ConflictError when something else than a symlink into
/// the store is at `link`, InvalidError when `link` lies in the store.
void make_indirect_root(const StoreLocation& location, const std::filesystem::path& link,
                        const StorePath& target);
/// See LocalStore::adopt_indirect_root. Throws InvalidError when `link` lies in the store.
void adopt_indirect_root(const StoreLocation& location, const std::filesystem::path& link);

}  // namespace grange
