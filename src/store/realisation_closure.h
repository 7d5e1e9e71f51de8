#pragma once

#include <map>
#include <set>
#include <stop_token>
#include <vector>

#include "derivation/realisation.h"
#include "store/store.h"

namespace grange {

struct RealisationClosure {
  std::map<DrvOutput, Realisation> realisations;  ///< the asked ones, and all they depend on
  std::set<DrvOutput> missing;                    ///< those that the store does not have
};
/// Asks for what the answers depend on until there is nothing more to ask.
RealisationClosure realisation_closure(Store& store, const std::set<DrvOutput>& ids,
                                       const std::stop_token& stop);

/// Dependencies before what depends on them; where they go in a circle, in any order.
std::vector<Realisation> in_dependency_order(const std::map<DrvOutput, Realisation>& realisations);

}  // namespace grange
