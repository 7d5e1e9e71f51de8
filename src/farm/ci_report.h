#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compare/compare.h"
#include "derivation/build_result.h"
#include "derivation/target_map.h"

namespace grange {

/// What became of one label in one run.
struct TargetReport {
  std::string label;
  Verdict verdict = Verdict::added;
  Outcome outcome = Outcome::unknown;
  Outcome base_outcome = Outcome::unknown;
  bool in_base = false;
  /// Its base was known good and what it promises is still there: nothing was asked of a builder.
  bool skipped = false;
  /// Something was made for it in this run.
  bool made = false;
  bool evaluation_failed = false;
  std::string message;                     ///< of a failure
  std::vector<std::string> failed_inputs;  ///< derivations, for dependency failed

  bool failing() const;
  /// Fails now, and did not fail in the base.
  bool newly_failing() const;
};

/// One finished attempt, for the summary.
struct AttemptReport {
  StorePath derivation;
  BuildResult result;
};

/// The value of a whole run.
struct CiReport {
  TargetMap map;  ///< with outcomes and output sets
  bool complete = false;
  std::string evaluation_problem;  ///< when not complete
  std::string base;                ///< what it was compared with, for people
  Comparison comparison;
  std::vector<TargetReport> targets;  ///< by label
  std::vector<AttemptReport> attempts;
  std::size_t present = 0;  ///< steps whose outputs were there
  double evaluate_seconds = 0, compare_seconds = 0, build_seconds = 0;

  std::size_t made() const;
  std::size_t count_failing() const;
  /// 0 all good · 1 a target newly fails · 2 only what the base had failing already · 3 incomplete
  /// · 75 nothing newly fails by itself, but this machine could not make something: try again.
  int exit_code() const;
};

}  // namespace grange
