#pragma once

#include <filesystem>
#include <vector>

#include "base/clock.h"
#include "store/local_store.h"

namespace grange {

/// Removes the links of profile generations that nobody has used since `before`, in all profiles of
/// the store (`STATE/profiles`, at any depth), as `nix-collect-garbage --delete-older-than` does:
/// the current generation stays, and so does the one that was current at that time, which is the
/// newest that is older. With `dry_run` only says which. Returns the links.
std::vector<std::filesystem::path> remove_old_generations(const StoreLocation& location,
                                                          TimePoint before, bool dry_run);

}  // namespace grange
