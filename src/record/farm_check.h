#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "database/database.h"

namespace grange {

/// What a check of a farm's history found.
struct FarmCheckReport {
  std::int64_t evaluations = 0;  ///< looked at
  std::int64_t targets = 0;      ///< of all of them together
  std::int64_t jobsets = 0;
  std::int64_t derivations = 0;
  std::vector<std::string> problems;  ///< a line each; the first kMostProblems
  std::int64_t problem_count = 0;

  static constexpr std::size_t kMostProblems = 1000;
  bool good() const { return problem_count == 0; }
};

/// Is what is derived in the tables of a farm what its rows say? Every complete evaluation is
/// rebuilt from its ranges and compared with its count, digest and verdicts; the counts of builds
/// of evaluations and jobsets are counted anew, and those of rows of the history; the text of every
/// derivation is rebuilt, and leads to its path.
class FarmCheck {
 public:
  /// Called after each evaluation with how many are done of how many.
  using Progress = std::function<void(std::int64_t done, std::int64_t all)>;

  explicit FarmCheck(Database& database) : database_(database) {}

  /// Reads only, all at one moment. Throws CancelledError when it is to stop, and what a database
  /// throws: CorruptError, too, for one that has no farm's tables.
  FarmCheckReport run(const Progress& progress = {}, const std::stop_token& stop = {});

 private:
  void check_evaluations(FarmCheckReport& report, const Progress& progress,
                         const std::stop_token& stop);
  void check_jobsets(FarmCheckReport& report);
  void check_derivations(FarmCheckReport& report, const std::stop_token& stop);

  Database& database_;
};

}  // namespace grange
