#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "command/farm_client.h"

namespace grange {

/// How something of a farm ended, for people and as an exit code.
struct FarmEnd {
  int exit_code = 0;
  std::string words;
};

/// Exit codes of waiting, beside those of exit_code.h.
inline constexpr int kExitBuildNotMade = 2;       ///< it was not made, through no fault of its own
inline constexpr int kExitEvaluationProblem = 3;  ///< it failed, or has errors

/// Waits until the build has ended: 0 good, 1 failed, 2 not made (dependency failed, unsupported,
/// aborted, cancelled). Throws TimeoutError at the deadline.
FarmEnd wait_for_build(FarmClient& client, std::int64_t build,
                       std::optional<MonotonicTime> deadline);

/// Waits until the evaluation and all builds of its targets have ended: 0 all good, 1 some build is
/// not, 3 the evaluation failed or has errors.
FarmEnd wait_for_evaluation(FarmClient& client, std::int64_t evaluation,
                            std::optional<MonotonicTime> deadline);

/// The number of the jobset's newest evaluation; 0: none. `path`: "/api/v1/projects/P/jobsets/J".
std::int64_t newest_evaluation(FarmClient& client, const std::string& project,
                               const std::string& jobset);

/// Waits until the jobset is no more asked for nor being evaluated, and then for the evaluation
/// that this gave. `newest`: newest_evaluation before it was asked for. 0 where nothing is new.
FarmEnd wait_for_jobset(FarmClient& client, const std::string& project, const std::string& jobset,
                        std::int64_t newest, std::optional<MonotonicTime> deadline);

/// "/api/v1/projects/P/jobsets/J"
std::string jobset_path(const std::string& project, const std::string& jobset);

/// Of "PROJECT:JOBSET"; throws InvalidError.
struct JobsetArgument {
  std::string project;
  std::string jobset;
  static JobsetArgument parse(const std::string& text);
};

/// A number of a build or evaluation; throws InvalidError.
std::int64_t parse_farm_number(const std::string& text);

}  // namespace grange
