#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/local_store.h"
#include "store/store.h"
#include "store/store_reference.h"

namespace grange {

/// How a store is opened that a user names.
struct StoreOpening {
  StoreDir store_dir = StoreDir::nix();
  bool write = false;
  LocalStoreOptions local{};  ///< of local ones; `read_only` goes by `write`
  /// Told of parameters that this kind of store has not.
  std::function<void(const std::string& problem)> warn{};
};

/// Opens a local store, or a binary cache in a directory (file://; created where it is written to).
/// Throws InvalidError for another kind of store and for values that make no sense, NotFoundError
/// where there is none.
std::unique_ptr<Store> open_store(const StoreReference& reference, const StoreOpening& opening);

}  // namespace grange
