#pragma once

#include <memory>
#include <string_view>

#include "store/binary_cache.h"
#include "store/open_store.h"
#include "store/store_parameters.h"

namespace grange {

/// Is a binary cache what a URL of this scheme names? file, http, https, s3.
bool is_cache_scheme(std::string_view scheme);

/// Opens the binary cache that a reference of such a scheme names; see open_store.
std::unique_ptr<BinaryCache> open_cache(const StoreReference& reference,
                                        StoreParameters& parameters, const StoreOpening& opening);

}  // namespace grange
