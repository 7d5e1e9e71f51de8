#pragma once

#include <cstdint>
#include <stop_token>

#include "store/local_store.h"

namespace grange {

struct RemovedLinks {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};

/// Is there anything in the store's `.links`?
bool has_links(const StoreLocation& location);
/// Removes the entries of `.links` whose content no path has any more.
RemovedLinks remove_unused_links(const StoreLocation& location, const std::stop_token& stop);

}  // namespace grange
