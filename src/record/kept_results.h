#pragma once

#include <cstdint>
#include <set>

#include "database/database.h"
#include "derivation/store_path.h"

namespace grange {

/// Outputs of the builds of a jobset that collections must spare: of its newest `keep` complete
/// evaluations whose builds have ended, of those that have builds which have not, and of those that
/// came since the last complete one and run, have such builds, or are the newest.
std::set<StorePath> results_to_keep(Database& database, std::int64_t jobset, std::int64_t keep);
/// The same of builds that somebody marked to be kept, whatever becomes of their jobset.
std::set<StorePath> results_of_kept_builds(Database& database);
/// Derivations that a jobset still needs: of builds that have not ended, of its last complete
/// evaluation, with which the next one is compared, and of those since that run or have such
/// builds.
std::set<StorePath> derivations_to_keep(Database& database, std::int64_t jobset);

}  // namespace grange
