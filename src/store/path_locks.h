#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <stop_token>

#include "store/local_store.h"

namespace grange {

/// See LocalStore::try_lock. Locks exclude threads of one process as well as processes.
std::optional<PathLocks> try_lock_paths(const StoreLocation& location,
                                        const std::set<StorePath>& paths);
/// See LocalStore::lock. With `patience`, throws UnavailableError when it has run out.
PathLocks lock_paths(const StoreLocation& location, const std::set<StorePath>& paths,
                     const std::stop_token& stop,
                     std::optional<std::chrono::seconds> patience = std::nullopt);

/// Removes the files of locks that nobody holds, of nix as well: their holders were killed. Reads
/// the whole store directory. Whoever opens one of them just now sees that it is stale.
void remove_free_locks(LocalStore& store);

}  // namespace grange
