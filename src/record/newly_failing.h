#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "database/database.h"
#include "derivation/build_result.h"
#include "record/evaluation_history.h"

namespace grange {

/// A target that failed, and had not failed in the base of its evaluation: it was good there, or
/// nothing was known of it.
struct NewlyFailing {
  std::string label;
  std::int64_t build = 0;
  Outcome outcome = Outcome::failed;
  TimePoint stopped{};
  std::int64_t base_build = 0;  ///< 0: the base had none
};

/// Of a complete evaluation, at most `limit`: what failed by itself before what failed through
/// that, and of each kind of failure what was asked for last. Looks at `limit` failures of each
/// kind only, so that it takes no longer where much has failed.
std::vector<NewlyFailing> newly_failing(Database& database, const EvaluationRow& evaluation,
                                        std::size_t limit);

}  // namespace grange
