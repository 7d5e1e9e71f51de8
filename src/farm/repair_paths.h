#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "farm/build_outputs.h"

namespace grange {

enum class RepairedBy {
  nothing,  ///< it is as it was; `message` says why
  fetching,
  building,  ///< its deriver, again
};

/// What became of a valid path whose files are damaged or gone.
struct RepairedPath {
  StorePath path;
  RepairedBy by = RepairedBy::nothing;
  std::string message;
};

/// What `repair_paths` makes outputs with, where it cannot fetch.
struct RepairMeans {
  Workshop& workshop;
  unsigned jobs = 1;
  StepLimits limits;
  Record& record;
  const Clock& clock;
  CiObserver& observer;
};

/// Replaces files of paths of the workshop's store: from its substituters, or else by making them
/// again, where their derivers are in its eval store and give what is registered. Answers in the
/// order of `paths`.
std::vector<RepairedPath> repair_paths(const std::vector<StorePath>& paths,
                                       const RepairMeans& means, const std::stop_token& stop);

}  // namespace grange
