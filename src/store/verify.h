#pragma once

#include <stop_token>
#include <vector>

#include "store/local_store.h"

namespace grange {

/// See LocalStore::verify. In parallel; problems come sorted by path.
std::vector<StoreProblem> verify_store(LocalStore& store, bool check_contents,
                                       const std::stop_token& stop);

}  // namespace grange
