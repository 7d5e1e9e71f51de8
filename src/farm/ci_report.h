#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compare/compare.h"
#include "compare/explanation.h"
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
  std::string message;                       ///< of a failure
  std::map<std::string, StorePath> outputs;  ///< by name, where they are known and there
  std::vector<std::string> failed_inputs;    ///< derivations, for dependency failed
  BuildReport report;                        ///< of what was made or found, not of what was skipped

  bool failing() const;
  /// Fails now, and did not fail in the base.
  bool newly_failing() const;
  /// Is good, and lastingly failed in the base.
  bool fixed() const;
};

/// One finished attempt, for the summary.
struct AttemptReport {
  StorePath derivation;
  BuildResult result;
};

/// One derivation that was made again although its outputs are there, and what it came to.
struct CheckReport {
  StorePath derivation;
  bool source = false;  ///< a rewritten recipe of a fixed output; false: it was to be reproduced
  Outcome outcome = Outcome::unknown;
  std::string message{};  ///< of a failure
  bool known = false;     ///< an earlier attempt says so; it was not tried again

  /// Something was found out, which is not good.
  bool is_finding() const;
};

/// Work that was avoided because an input was rebuilt to the same content.
struct CutOff {
  std::size_t steps = 0;
  double saved_seconds = 0;  ///< what making them took when they were made
};

/// How a run's base came to be chosen, for programs.
struct BaseReport {
  std::string how = "none";  ///< last, none, file, merge base, commit, ancestor, default branch
  std::string place;         ///< where the map was found
  std::string commit;        ///< in full; empty where nobody knows
  std::optional<double> age_seconds;
  bool outcomes_count = true;
  std::vector<std::string> remarks;  ///< what was passed over, and why
};

/// What became of publishing a run's map in one place.
struct MapPublication {
  std::string place;    ///< for people
  std::string problem;  ///< why it was not; empty when it was
};

/// What became of publishing a run's outputs in one store.
struct CachePublication {
  std::string place;             ///< for people
  std::size_t paths = 0;         ///< that were not there
  std::uint64_t bytes = 0;       ///< of their NARs
  std::size_t realisations = 0;  ///< that are there now
  std::string problem;           ///< why it failed; empty when it did not
};

/// The value of a whole run.
struct CiReport {
  TargetMap map;  ///< with outcomes and output sets
  bool complete = false;
  std::string evaluation_problem;  ///< when not complete
  std::string base;                ///< what it was compared with, for people
  BaseReport base_details;
  std::vector<MapPublication> publications;
  std::vector<CachePublication> caches;
  Comparison comparison;
  Explanation explanation;            ///< why targets changed; empty without a base
  std::vector<TargetReport> targets;  ///< by label
  std::vector<AttemptReport> attempts;
  std::size_t present = 0;          ///< steps whose outputs were there
  std::size_t fetched_paths = 0;    ///< from substituters
  std::uint64_t fetched_bytes = 0;  ///< of their NARs
  CutOff cut_off;
  std::vector<RealisationConflict> conflicts;
  /// What checks gave: nothing of it touches a target's outcome.
  std::vector<CheckReport> checks;
  double evaluate_seconds = 0, compare_seconds = 0, build_seconds = 0, check_seconds = 0;

  std::size_t made() const;
  std::size_t count_failing() const;
  std::size_t count_skipped() const;
  /// 0 all good · 1 a target newly fails · 2 only what the base had failing already · 3 incomplete
  /// · 4 no target newly fails, but a check found something · 75 nothing newly fails by itself, but
  /// this machine could not make something: try again.
  int exit_code() const;
};

}  // namespace grange
