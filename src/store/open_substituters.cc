#include "store/open_substituters.h"

#include <utility>

#include "base/error.h"
#include "store/binary_cache.h"

namespace grange {

std::vector<Substituter> open_substituters(const std::vector<StoreReference>& references,
                                           const StoreOpening& opening) {
  std::vector<Substituter> opened;
  for (const auto& reference : references) {
    try {
      Substituter substituter;
      substituter.store = open_store(reference, opening);
      if (const auto* cache = dynamic_cast<const BinaryCache*>(substituter.store.get())) {
        substituter.priority = cache->info().priority;
      }
      const auto trusted = reference.parameters.find("trusted");
      substituter.trusted = trusted != reference.parameters.end() &&
                            (trusted->second == "true" || trusted->second == "1");
      opened.push_back(std::move(substituter));
    } catch (const Error& error) {
      if (opening.warn) opening.warn("a substituter is left out: " + std::string(error.what()));
    }
  }
  return opened;
}

}  // namespace grange
