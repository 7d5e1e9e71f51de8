#pragma once

#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "evaluate/fetched_inputs.h"
#include "farm/farm_database.h"

namespace grange {

/// Of a branch that is seen for the first time, and later of one: so many commits are recorded.
inline constexpr std::size_t kFirstCommits = 100;
inline constexpr std::size_t kMostNewCommits = 1000;

/// Records of each git input what came into its branch since what was last recorded of it: of
/// rewritten history what is new. `now`: when that is first seen. Throws as InputFetcher::history
/// does, and what the database throws.
void record_commits(FarmDatabase& database, const InputFetcher& fetcher,
                    const FetchedInputs& inputs, TimePoint now, const std::stop_token& stop);

}  // namespace grange
