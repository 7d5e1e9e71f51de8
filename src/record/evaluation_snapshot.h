#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "database/database.h"
#include "derivation/build_result.h"
#include "derivation/verdict.h"
#include "record/evaluation_history.h"

namespace grange {

/// A target of an evaluation, with what it takes to compare it with any other evaluation's.
struct SnapshotTarget {
  std::string label;
  std::string name;  ///< of the derivation, without ".drv"
  std::string system;
  std::int64_t derivation = 0;
  std::int64_t output_set = 0;  ///< 0: not known yet
  std::int64_t build = 0;
  std::optional<Outcome> outcome;  ///< nothing: not finished
  bool unverified = false;
};

/// All targets of an evaluation by label, read in one walk. Of one that still runs: those that are
/// not what the last complete one has.
std::vector<SnapshotTarget> read_snapshot(Database& database, const EvaluationRow& evaluation);

/// A target beside the one of the same label of another evaluation.
struct TargetPair {
  const SnapshotTarget* head = nullptr;  ///< null: removed
  const SnapshotTarget* base = nullptr;  ///< null: new, or there is no base
  std::optional<Verdict> verdict;        ///< nothing where there is no base
};

/// By label. `base`: null for none. The pairs point into both.
std::vector<TargetPair> pair_targets(const std::vector<SnapshotTarget>& head,
                                     const std::vector<SnapshotTarget>* base);

}  // namespace grange
