#pragma once

#include <cstddef>

#include "base/clock.h"
#include "farm/base_choice.h"

namespace grange {

/// How many ancestors are looked at, of the merge base and of the default branch's tip each.
inline constexpr std::size_t kSearchedAncestors = 1000;
/// How many maps that cannot be used are passed over before the search ends without one.
inline constexpr std::size_t kRefusedMaps = 20;

/// The base by the history of a repository; see choose_base. Maps are looked for in the record, the
/// choice's directories and the git notes. Throws NotFoundError where there is no repository, no
/// commit or no such revision.
Base search_base(const BaseChoice& choice, const SourceState& source, Record& record,
                 TimePoint now);

}  // namespace grange
