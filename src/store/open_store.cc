#include "store/open_store.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "store/open_cache.h"
#include "store/open_remote_store.h"
#include "store/store_parameters.h"

namespace grange {
namespace {

std::unique_ptr<Store> open_local(const StoreReference& reference, StoreParameters& parameters,
                                  const StoreOpening& opening) {
  auto root = parameters.text("root").value_or("/");
  if (!reference.authority.empty()) root = reference.authority;
  LocalStoreOptions options = opening.local;
  options.read_only = !opening.write;
  parameters.flag("trusted", false);
  return LocalStore::open(
      StoreLocation::at_root(std::filesystem::absolute(root), opening.store_dir), options);
}

}  // namespace

std::unique_ptr<Store> open_store(const StoreReference& reference, const StoreOpening& opening) {
  return with_context(
      [&] { return "while opening the store '" + printable(reference.to_string()) + "'"; },
      [&]() -> std::unique_ptr<Store> {
        if (is_remote_store(reference)) return open_remote_store(reference, opening);
        StoreParameters parameters(reference);
        std::unique_ptr<Store> store;
        if (is_cache_scheme(reference.scheme)) {
          store = open_cache(reference, parameters, opening);
        } else if (reference.scheme == "local" || reference.scheme == "auto") {
          store = open_local(reference, parameters, opening);
        } else {
          throw InvalidError("stores at " + reference.scheme + ":// cannot be opened yet");
        }
        parameters.warn_of_others(opening.warn);
        return store;
      });
}

}  // namespace grange
