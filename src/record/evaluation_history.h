#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "database/database.h"
#include "derivation/build_result.h"
#include "derivation/verdict.h"

namespace grange {

/// An input of an evaluation, as it was fetched.
struct EvaluationInputRow {
  std::string name;
  std::string type;
  std::string value;
  std::string uri;
  std::string revision;
  std::string store_path;  ///< base name; empty: none
  std::string branch{};    ///< of git inputs the reference in full; empty: none was named
};

/// An evaluation that begins.
struct NewEvaluation {
  std::int64_t jobset = 0;
  TimePoint started{};
  double fetch_seconds = 0;
  Sha256 inputs_digest{};
  std::vector<EvaluationInputRow> inputs;
};

/// How many of its targets have each verdict.
struct VerdictCounts {
  std::int64_t same = 0, equivalent = 0, changed = 0, unverified = 0, added = 0, removed = 0;
  friend bool operator==(const VerdictCounts&, const VerdictCounts&) = default;
};

/// An evaluation as it is remembered.
struct EvaluationRow {
  enum class State : std::uint8_t { running, complete, failed };

  std::int64_t id = 0;
  std::int64_t jobset = 0;
  State state = State::running;
  std::int64_t position = 0;  ///< in its jobset's history, from 1; 0: not complete
  std::int64_t epoch = 0;
  std::int64_t base = 0;  ///< 0: none
  TimePoint started{};
  std::optional<TimePoint> finished;
  double fetch_seconds = 0;
  Sha256 inputs_digest{};
  std::string problem;
  std::optional<Sha256> digest;  ///< over its targets: see EvaluationHistory
  std::int64_t targets = 0;
  std::int64_t errors = 0;
  VerdictCounts verdicts;
  std::int64_t queued = 0;  ///< builds
  std::int64_t good = 0;
  std::int64_t failed = 0;
  /// Of its builds that have ended, each as often as a target has it; nothing: it was not counted.
  std::optional<std::int64_t> output_size;
  std::optional<std::int64_t> closure_size;
};
std::string_view to_string(EvaluationRow::State state) noexcept;

/// What a label stands for in an evaluation.
struct TargetRow {
  std::string label;
  std::int64_t derivation = 0;
  std::int64_t facts = 0;
  std::int64_t build = 0;
};

/// The same with what people ask of it.
struct TargetView {
  TargetRow target;
  std::optional<Verdict> verdict;  ///< nothing where there is no base
  std::int64_t base_build = 0;     ///< 0: none
  std::optional<Outcome> outcome;  ///< nothing: not finished
  std::optional<Outcome> base_outcome;
  std::string derivation_name;  ///< file name, "DIGEST-NAME.drv"
  std::string system;
};

/// What the last complete evaluation says of a label.
struct CurrentTarget {
  TargetRow target;
  std::int64_t first = 0;
  std::int64_t output_set = 0;  ///< 0: none
  std::string digest{};         ///< of the derivation's path, 20 bytes
};

struct TargetQuery {
  std::string after;  ///< labels greater than this
  std::string label;  ///< where it is not empty: this one alone
  std::size_t limit = 100;
  std::string contains;  ///< part of the label
  std::optional<Verdict> verdict;
};

/// The tables of evaluations and their targets.
///
/// A complete evaluation has a position in the history of its jobset. Target rows hold from one
/// position to another, so that it costs what has changed to store, and is read by one walk over
/// rows of its epoch; a new epoch begins when more rows are closed than live. What is not complete
/// is stored in full; but of a running one, and of one that failed, what the last complete one has,
/// too, is for the time being only named (UnchangedTargets). The digest is SHA-256 over the lines
/// "LABEL DERIVATION FACTS\n" of its targets by label, with the numbers of rows. Calls that write
/// belong into the caller's transaction.
class EvaluationHistory {
 public:
  explicit EvaluationHistory(Database& database) : database_(database) {}

  std::int64_t begin(const NewEvaluation& evaluation);
  /// Of a running evaluation; each label once, here or below.
  void add_targets(std::int64_t evaluation, std::span<const TargetRow> targets);
  /// The same for those that are what `current` has, to the build.
  void add_unchanged(std::int64_t evaluation, std::span<const TargetRow> targets);
  void add_error(std::int64_t evaluation, const std::string& label, const std::string& message);
  /// All its targets are there: it gets the next position, its verdicts and its digest.
  void complete(std::int64_t evaluation, TimePoint now);
  void fail(std::int64_t evaluation, TimePoint now, const std::string& problem);
  /// At the start: what ran when the server died has failed.
  void fail_running(TimePoint now, const std::string& problem, std::int64_t jobset = 0);

  std::optional<EvaluationRow> find(std::int64_t id);
  /// The newest first; with ids below `before` (0: all).
  std::vector<EvaluationRow> of_jobset(std::int64_t jobset, std::int64_t before, std::size_t limit);
  std::vector<EvaluationRow> latest(bool with_hidden, std::int64_t before, std::size_t limit);
  /// The last complete one of a jobset.
  std::optional<EvaluationRow> last_complete(std::int64_t jobset);
  /// Complete ones of a jobset from this position of its history down.
  std::vector<EvaluationRow> from_position(std::int64_t jobset, std::int64_t position,
                                           std::size_t limit);
  /// Complete ones of all jobsets, the newest first, without the first `skipped`.
  std::vector<EvaluationRow> complete_ones(bool with_hidden, std::int64_t skipped,
                                           std::size_t limit);
  std::int64_t count_complete(bool with_hidden);
  std::vector<EvaluationInputRow> inputs(std::int64_t evaluation);
  std::vector<std::pair<std::string, std::string>> errors(std::int64_t evaluation);

  /// What the last complete evaluation of the jobset has, by label.
  std::map<std::string, CurrentTarget> current(std::int64_t jobset);
  /// What evaluations of the jobset that came since then and are not complete have; the older
  /// first.
  std::vector<CurrentTarget> since_last_complete(std::int64_t jobset);
  /// By label.
  std::vector<TargetView> targets(const EvaluationRow& evaluation, const TargetQuery& query);
  std::optional<TargetView> target(const EvaluationRow& evaluation, const std::string& label);
  /// Labels of its base that it has no more.
  std::vector<TargetView> removed(const EvaluationRow& evaluation, const TargetQuery& query);
  /// Evaluations that have the build, the newest first.
  std::vector<std::int64_t> of_build(std::int64_t build, std::size_t limit);
  /// Of many builds at once, as far as they are complete: of each build the newest `each`.
  std::map<std::int64_t, std::vector<std::int64_t>> of_builds(std::span<const std::int64_t> builds,
                                                              std::size_t each);
  /// The builds of its targets, each once, by number.
  std::vector<std::int64_t> builds(const EvaluationRow& evaluation);
  /// The newest complete evaluation that has the build and none that is not finished.
  std::optional<std::int64_t> newest_ended(std::int64_t build);
  /// The newest good build of a label that such an evaluation has.
  std::optional<std::int64_t> newest_good_build_ended(std::int64_t jobset, std::string_view label);
  /// Rebuilds the targets from the ranges: their number and digest.
  std::pair<std::int64_t, Sha256> rebuild(const EvaluationRow& evaluation);

  /// The row of a text of facts; it is added where it is missing.
  std::int64_t facts_id(std::string_view facts);
  /// The same for many.
  std::vector<std::int64_t> facts_ids(std::span<const std::string> facts);
  std::string facts(std::int64_t id);

 private:
  struct Difference;
  struct Outcomes {
    std::int64_t queued = 0, good = 0, failed = 0, output_size = 0, closure_size = 0;
  };
  Outcomes outcomes(std::span<const std::int64_t> builds);
  void add_to_counters(std::int64_t evaluation, std::span<const TargetRow> targets);
  void write_unchanged(const EvaluationRow& evaluation);
  Difference compare(const EvaluationRow& evaluation);
  void write_ranges(const EvaluationRow& evaluation, const Difference& difference,
                    std::int64_t epoch, std::int64_t position);
  void begin_epoch(std::int64_t jobset, std::int64_t epoch, std::int64_t position);

  Database& database_;
};

}  // namespace grange
