#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "derivation/derivation_graph.h"
#include "evaluate/evaluator.h"
#include "evaluate/fetched_inputs.h"
#include "farm/build_driver.h"
#include "farm/event_bus.h"
#include "farm/failure_lifetimes.h"
#include "farm/farm_database.h"
#include "farm/result_roots.h"
#include "record/evaluation_history.h"
#include "record/jobsets.h"
#include "store/local_store.h"

namespace grange {

/// What evaluating a jobset needs of the farm. All outlive it.
struct EvaluationSetting {
  FarmDatabase& database;
  EventBus& bus;
  BuildDriver& driver;
  const InputFetcher& fetcher;
  Evaluator& evaluator;
  EvaluateOptions options;
  LocalStore& store;  ///< where results are
  ResultRoots& roots;
  const Clock& clock;
  StepLimits limits;  ///< of every step, where `meta` says nothing
  const FailureLifetimes& lifetimes;
  /// Hears what an administrator should know.
  std::function<void(const std::string&)> warn = [](const std::string&) {};
};

/// Evaluates a jobset once: fetches its inputs, and where they have changed (or it is forced)
/// evaluates them. Targets are recorded and their builds queued while that still runs. What the
/// last complete evaluation has already, by output set, is not built again: a build that is queued,
/// good with its outputs still there, or failing for good is taken over (rule 6).
///
/// What goes wrong is recorded with the jobset; thrown is only CancelledError, and what the
/// database throws.
class JobsetEvaluation final : private TargetSink {
 public:
  JobsetEvaluation(const EvaluationSetting& setting, Jobset jobset);

  /// The number of the evaluation; nothing when there was nothing to evaluate, or the inputs could
  /// not be fetched.
  std::optional<std::int64_t> run(const std::stop_token& stop);

 private:
  /// Rows of what a target stands for.
  struct Place {
    std::int64_t derivation = 0;
    std::int64_t output_set = 0;  ///< 0: none
  };

  void target(EvaluatedTarget target) override;
  void error(EvaluationError error) override;

  std::optional<FetchedInputs> fetch(const std::stop_token& stop);
  void record_history(const FetchedInputs& inputs, const std::stop_token& stop);
  bool is_unchanged(const FetchedInputs& inputs) const;
  void begin(const FetchedInputs& inputs, double fetch_seconds);
  void flush();
  bool imports() const;
  Selection selection(const FetchedInputs& inputs, const std::stop_token& stop);
  void keep_imported(const std::vector<StorePath>& derivations);
  void record(Database& database, const std::set<std::int64_t>& without_outputs,
              std::vector<QueuedBuild>& to_build, std::vector<BuildChange>& to_change);
  const CurrentTarget* unchanged(const EvaluatedTarget& target) const;
  void load_graph();
  std::vector<Place> places(Database& database);
  std::vector<std::int64_t> candidate_builds() const;
  void add_targets(EvaluationHistory& history, std::vector<TargetRow> targets);
  bool may_be_taken_over(std::int64_t build, const BuildStanding& standing,
                         const std::set<std::int64_t>& without_outputs) const;
  void finish(const EvaluationSummary& summary);
  void fail(const std::string& problem);
  void end_in(Database& database, const std::string& fetch_problem, const std::string& problem);
  void set_constituents(Database& database);
  void tell(std::string_view kind);
  std::set<std::int64_t> builds_without_outputs();
  void keep_derivations(const std::vector<Place>& places);

  const EvaluationSetting& setting_;
  const Jobset jobset_;
  bool forced_ = false;
  TimePoint started_{};
  std::int64_t evaluation_ = 0;
  DerivationReader reader_;
  std::unique_ptr<LocalStore> eval_store_;    ///< with imports: where derivations are copied
  std::shared_ptr<LocalStore> inputs_there_;  ///< keeps them where results are
  std::stop_token stop_;
  std::optional<DerivationGraph> graph_;
  /// Builds that may be taken over, by label: of the last complete evaluation, and of those since
  /// then that did not come to their end. The best comes first.
  std::multimap<std::string, CurrentTarget> candidates_;
  /// Those of the last complete one.
  std::unordered_map<std::string, const CurrentTarget*> current_;
  /// Of the last complete evaluation: builds and derivations, whose roots are there.
  std::unordered_set<std::int64_t> rooted_builds_;
  std::unordered_set<std::int64_t> rooted_derivations_;
  std::vector<ResultRoots::Hold> holds_;  ///< what this one needs beside them
  std::vector<EvaluatedTarget> pending_;
  std::vector<EvaluationError> errors_;
  MonotonicTime flushed_{};
  Seconds recording_{0};                        ///< that targets and the end took in the database
  std::map<std::string, std::int64_t> builds_;  ///< by label
  std::map<std::string, std::vector<std::string>> constituents_;  ///< of aggregates, by label
  std::map<std::string, std::int64_t> builds_of_derivations_;     ///< the first, by printed path
};

}  // namespace grange
