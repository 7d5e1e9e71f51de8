#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/environment.h"
#include "store/local_store.h"
#include "store/store.h"
#include "store/store_reference.h"

namespace grange {

class LookupCache;

/// What stores on the other side of a network need of this process.
struct RemoteStoreOptions {
  std::filesystem::path netrc_file{};  ///< user names and passwords; empty: Nix's, if there is one
  Environment environment{};           ///< AWS_… and NIX_CONF_DIR
  std::shared_ptr<LookupCache> lookups{};  ///< remembers what distant caches answered; may be none
  std::stop_token stop{};                  ///< ends what is under way with CancelledError
};

/// How a store is opened that a user names.
struct StoreOpening {
  StoreDir store_dir = StoreDir::nix();
  bool write = false;
  LocalStoreOptions local{};  ///< of local ones; `read_only` goes by `write`
  RemoteStoreOptions remote{};
  /// Told of parameters that this kind of store has not.
  std::function<void(const std::string& problem)> warn{};
  // Of stores that others serve: see open_remote_store.h.
  bool skip_signatures = false;  ///< what is added needs none there, if we are trusted
  unsigned connections = 0;      ///< at once, where the reference does not say; 0: as usual
};

/// Opens a local store, or a binary cache: in a directory (file://; created where it is written
/// to), on a web server (http://, https://), in a bucket (s3://); or a store that others serve
/// (unix://, ssh-ng://, ssh://).
/// Throws InvalidError for another kind of store and for values that make no sense, NotFoundError
/// where there is none.
std::unique_ptr<Store> open_store(const StoreReference& reference, const StoreOpening& opening);

}  // namespace grange
