#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "database/database.h"
#include "derivation/build_result.h"
#include "derivation/output_set.h"
#include "derivation/target_map.h"

namespace grange {

/// One evaluation that is remembered.
struct EvaluationRecord {
  std::int64_t id = 0;
  std::string selection;  ///< what was evaluated, canonical text
  TimePoint started{};
  TimePoint finished{};
  TargetMap map;
  /// The selection made relative to its repository's top level, by which it is found again from any
  /// checkout, for the commit that its map names; empty outside of a repository.
  std::string line{};
};

/// What is kept of the commits that were asked for.
struct CommitMaps {
  std::map<std::string, std::int64_t> complete;  ///< by commit: its newest complete evaluation
  std::set<std::string> forgotten;               ///< had one, until retention removed it
};

/// One attempt that is remembered (rule 4: failure belongs to the attempt).
struct AttemptRecord {
  std::optional<OutputSetId> output_set;  ///< nothing for impure ones
  StorePath recipe;
  bool fixed_output = false;
  std::string policy;  ///< canonical text of the policy
  /// Without its outputs' paths, which follow from the recipe or are the store's to know.
  BuildResult result;
};

/// Two builds of one derivation that differ: the first realisation stays.
struct ConflictRecord {
  TimePoint found{};
  RealisationConflict conflict;
};

/// Which failure is asked for.
struct FailureQuery {
  OutputSetId output_set;
  StorePath recipe;
  bool fixed_output = false;
};

/// Whose tries are asked for.
struct RecipeQuery {
  OutputSetId output_set;
  StorePath recipe;
};

/// What is known of one recipe of an output set.
struct RecipeHistory {
  /// Its last attempt that says something of it: good, or a lasting failure.
  std::optional<AttemptRecord> last;
  bool made_by_another = false;  ///< another recipe has made the output set
};

/// Whose duration is asked for.
struct DurationQuery {
  OutputSetId output_set;
  std::string name;  ///< of the derivation, with its version
};

struct RecordOptions {
  /// How many evaluations of each selection are kept, beside its last complete one.
  std::uint64_t kept_evaluations = 100;
  /// How long another process's lock is waited for before UnavailableError.
  std::chrono::milliseconds patience{std::chrono::minutes(1)};
};

/// What `grange ci` remembers, in record.sqlite under the state directory or in a PostgreSQL
/// database: versioned schema, written durably, a commit per call that writes. Deleting it loses no
/// built output. Thread safe; several processes may have it open.
///
/// Every call may throw UnavailableError (locked for too long, disk full, no connection) and
/// CorruptError, which says how to start afresh.
class Record {
 public:
  /// Creates its tables where they are missing. Throws ConflictError for a newer schema, naming
  /// both versions, and for a database that is something else.
  static std::unique_ptr<Record> open(const DatabaseLocation& location,
                                      const RecordOptions& options = {});
  /// The same of a SQLite file.
  static std::unique_ptr<Record> open(const std::filesystem::path& file,
                                      const RecordOptions& options = {});
  virtual ~Record() = default;

  /// Stores a complete or incomplete evaluation with its target map and outcomes; its id. Equal
  /// maps are stored once.
  virtual std::int64_t add_evaluation(const EvaluationRecord& evaluation) = 0;
  /// The newest complete evaluation of the selection.
  virtual std::optional<EvaluationRecord> last_complete(const std::string& selection) = 0;
  /// The numbers of the newest complete ones, the newest first, at most `most`.
  virtual std::vector<std::int64_t> complete_evaluations(const std::string& selection,
                                                         std::size_t most) = 0;
  /// Which of these commits have a complete map in the line, and which had: one query for all.
  virtual CommitMaps commit_maps(const std::string& line, std::span<const std::string> commits) = 0;
  /// One evaluation by its number, with its whole map or, many times faster, one label of it;
  /// nothing when it is not kept.
  virtual std::optional<EvaluationRecord> evaluation(
      std::int64_t id, std::optional<std::string_view> label = std::nullopt) = 0;
  /// Removes the selection's evaluations, and those of the line where one is given, that finished
  /// before this time, the last complete one too; how many there were.
  virtual std::uint64_t forget_before(TimePoint time, const std::string& selection,
                                      const std::string& line) = 0;
  /// Every selection that was ever evaluated.
  virtual std::vector<std::string> selections() = 0;

  virtual void add_attempts(const std::vector<AttemptRecord>& attempts) = 0;
  /// For each: a lasting failure for this output set under this policy, of this recipe when it is
  /// fixed-output, of any otherwise. Forgotten once the same has succeeded since.
  virtual std::vector<std::optional<AttemptRecord>> lasting_failures(
      std::span<const FailureQuery> queries, const std::string& policy) = 0;
  /// For each: the last known outcome, whoever made it. A fixed output that was ever made stays
  /// good: another recipe's failure is that recipe's.
  virtual std::vector<Outcome> outcomes(std::span<const OutputSetId> output_sets) = 0;
  /// For each: seconds that it should take. The median of the last times that the same output set
  /// was made, else of the same name without version.
  virtual std::vector<std::optional<double>> expected_durations(
      std::span<const DurationQuery> queries) = 0;
  /// For each: was this recipe ever tried with success, or seen in a good target?
  virtual std::vector<bool> recipes_were_tried(std::span<const StorePath> recipes) = 0;

  /// For each: its attempts under one of these policies.
  virtual std::vector<RecipeHistory> recipe_histories(std::span<const RecipeQuery> queries,
                                                      const std::vector<std::string>& policies) = 0;
  /// Attempts that made an output set to compare it, by checking what was valid or by repeating,
  /// with what they found: the newest first, at most `limit`.
  virtual std::vector<AttemptRecord> checks(const OutputSetId& output_set,
                                            std::size_t limit = 100) = 0;

  virtual void add_conflicts(const std::vector<RealisationConflict>& conflicts,
                             TimePoint found) = 0;
  /// Newest first.
  virtual std::vector<ConflictRecord> conflicts(std::size_t limit = 100) = 0;

  // The same for one. Where many are asked for, ask at once.

  std::optional<AttemptRecord> lasting_failure(const OutputSetId& output_set,
                                               const StorePath& recipe, bool fixed_output,
                                               const std::string& policy);
  Outcome outcome(const OutputSetId& output_set);
  std::optional<double> expected_seconds(const OutputSetId& output_set, const std::string& name);
  bool recipe_was_tried(const StorePath& recipe);
};

}  // namespace grange
