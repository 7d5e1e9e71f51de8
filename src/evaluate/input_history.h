#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "evaluate/fetch_space.h"
#include "evaluate/jobset_input.h"

namespace grange {

/// A commit, for people. Its texts are valid UTF-8 without control characters, and bounded; which
/// they are is up to whoever made it.
struct InputCommit {
  std::string revision;
  std::string author;
  std::string email;
  TimePoint authored;
  std::string subject;

  static constexpr std::size_t kLongestText = 300;  ///< characters of each
};

/// What came into a branch.
struct InputHistory {
  std::vector<InputCommit> commits;  ///< newest first
  bool more = false;                 ///< there are older ones, which were not asked for
  /// The old revision is in the history of the new one. False, too, where it is not here at all.
  bool descends = false;
};

/// At most `limit` commits of the history of `revision`: those that are not in the history of
/// `since`, where that is here, else the newest. Of a revision that was fetched; reads the mirror
/// only. Throws as GitMirror does.
InputHistory read_history(const GitInput& input, const std::string& revision,
                          const std::optional<std::string>& since, std::size_t limit,
                          const FetchRun& run);

}  // namespace grange
