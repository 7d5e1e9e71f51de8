#pragma once

#include <memory>
#include <string>

#include "store/open_store.h"
#include "store/store.h"

namespace grange {

/// Opens the store that an option names, a URL or a directory (StoreReference); an empty text: the
/// store in the state directory. Parameters that it has not are warned of on stderr. `opening`: all
/// that is to be otherwise than usual, but for these.
std::unique_ptr<Store> open_named_store(const std::string& name, bool write,
                                        StoreOpening opening = {});

/// Of arguments: paths as they may be given for this store (see parse_store_path_argument).
StorePath parse_path_of_store(const Store& store, const std::string& argument);

}  // namespace grange
