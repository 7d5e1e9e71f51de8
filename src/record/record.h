#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "derivation/build_result.h"
#include "derivation/output_set.h"
#include "derivation/target_map.h"

namespace grange {

/// One evaluation that is remembered.
struct EvaluationRecord {
  std::int64_t id = 0;
  std::string selection;  ///< what was evaluated, canonical text: the line it belongs to
  TimePoint started{};
  TimePoint finished{};
  TargetMap map;
};

/// One attempt that is remembered (rule 4: failure belongs to the attempt).
struct AttemptRecord {
  std::optional<OutputSetId> output_set;  ///< nothing for impure ones
  StorePath recipe;
  bool fixed_output = false;
  std::string policy;  ///< canonical text of the policy
  BuildResult result;
};

/// What `grange ci` remembers, in record.sqlite under the state directory: versioned schema,
/// written durably (synchronous=FULL, a commit per group). Deleting it loses no built output.
/// Thread safe.
class Record {
 public:
  /// Throws ConflictError for a newer schema, naming both versions.
  static std::unique_ptr<Record> open(const std::filesystem::path& file);
  virtual ~Record() = default;

  /// Stores a complete or incomplete evaluation with its target map and outcomes; its id.
  virtual std::int64_t add_evaluation(const EvaluationRecord& evaluation) = 0;
  /// The newest complete evaluation of the selection.
  virtual std::optional<EvaluationRecord> last_complete(const std::string& selection) = 0;

  virtual void add_attempts(const std::vector<AttemptRecord>& attempts) = 0;
  /// A lasting failure for this output set under this policy: of this recipe when it is
  /// fixed-output, of any otherwise. Forgotten once the same has succeeded since.
  virtual std::optional<AttemptRecord> lasting_failure(const OutputSetId& output_set,
                                                       const StorePath& recipe, bool fixed_output,
                                                       const std::string& policy) = 0;
  /// The last known outcome of an output set, whoever made it.
  virtual Outcome outcome(const OutputSetId& output_set) = 0;
  /// Seconds that it should take: of the same output set, else of the same name without version.
  virtual std::optional<double> expected_seconds(const OutputSetId& output_set,
                                                 const std::string& name) = 0;
  /// Which of these recipes were ever tried with success or seen in a good evaluation.
  virtual bool recipe_was_tried(const StorePath& recipe) = 0;
};

}  // namespace grange
