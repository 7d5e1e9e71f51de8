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

}  // namespace grange
