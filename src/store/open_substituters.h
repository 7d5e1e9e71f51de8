#pragma once

#include <vector>

#include "store/open_store.h"
#include "store/substituters.h"

namespace grange {

/// Opens stores to fetch from, in this order; with `?trusted=true` one needs no signatures. One
/// that cannot be opened is left out, and `opening.warn` hears why.
std::vector<Substituter> open_substituters(const std::vector<StoreReference>& references,
                                           const StoreOpening& opening);

}  // namespace grange
