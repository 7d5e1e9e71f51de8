#include "farm/attempt_log.h"

#include <utility>

#include "base/fault.h"

namespace grange {
namespace {

/// Each group costs one durable commit; a crash loses at most this much history (and no output).
constexpr Seconds kGroupFor{1.0};

}  // namespace

AttemptLog::AttemptLog(const DerivationGraph& graph, Record& record, const Clock& clock,
                       BuildPolicy policy, CiObserver& observer,
                       std::vector<AttemptReport>& reports)
    : graph_(graph),
      record_(record),
      clock_(clock),
      observer_(observer),
      reports_(reports),
      last_flush_(clock.monotonic()) {
  policy.mode = BuildPolicy::Mode::normal;
  policy_ = policy_text(policy);
  policy.mode = BuildPolicy::Mode::check;
  check_policy_ = policy_text(policy);
}

void AttemptLog::attempt_started(DerivationIndex recipe) {
  const StorePath path = graph_.path(recipe);
  std::optional<double> expected;
  if (const auto output_set = graph_.output_set(recipe)) {
    expected = record_.expected_seconds(*output_set, std::string(path.derivation_name()));
  }
  observer_.attempt_started(path, expected);
}

void AttemptLog::attempt_finished(DerivationIndex recipe, const BuildResult& result) {
  const StorePath path = graph_.path(recipe);
  observer_.attempt_finished(path, result);
  reports_.push_back({path, result});
  if (!result.already_valid) {
    const std::string& policy = result.check ? check_policy_ : policy_;
    const bool fixed = graph_.kind(recipe) == DerivationKind::fixed;
    pending_.push_back({graph_.output_set(recipe), path, fixed, policy, result});
    // A failure is of what was really tried; what it was resolved from may come to something else.
    if (result.resolved_as && !fixed) {
      pending_.push_back(
          {result.resolved_as->output_set, result.resolved_as->derivation, false, policy, result});
    }
  }
  if (clock_.monotonic() - last_flush_ >= kGroupFor) flush();
}

void AttemptLog::log(DerivationIndex recipe, std::string_view data) {
  observer_.log(graph_.path(recipe), data);
}

void AttemptLog::phase(DerivationIndex recipe, std::string_view name) {
  observer_.phase(graph_.path(recipe), name);
}

void AttemptLog::progress(const Plan::Counts& counts) {
  present_ = counts.present;
  observer_.progress(counts);
}

std::function<std::optional<BuildResult>(const TriedRecipe&, const BuildPolicy&)>
AttemptLog::known_failures() {
  return [this](const TriedRecipe& tried, const BuildPolicy&) -> std::optional<BuildResult> {
    if (!tried.output_set) return std::nullopt;
    const auto failure =
        record_.lasting_failure(*tried.output_set, tried.recipe, tried.fixed_output, policy_);
    if (!failure) return std::nullopt;
    return failure->result;
  };
}

void AttemptLog::cut_off(DerivationIndex recipe, const ResolvedAs& as) {
  if (as.output_set) {
    cut_off_.push_back({*as.output_set, std::string(graph_.path(recipe).derivation_name())});
  }
}

CutOff AttemptLog::cut_off() const {
  CutOff all{cut_off_.size(), 0};
  for (const auto& seconds : record_.expected_durations(cut_off_)) {
    all.saved_seconds += seconds.value_or(0);
  }
  return all;
}

void AttemptLog::conflict(const RealisationConflict& conflict) {
  conflicts_.push_back(conflict);
}

void AttemptLog::flush() {
  last_flush_ = clock_.monotonic();
  const std::vector<RealisationConflict> fresh(
      conflicts_.begin() + static_cast<std::ptrdiff_t>(written_conflicts_), conflicts_.end());
  record_.add_conflicts(fresh, clock_.now());
  written_conflicts_ = conflicts_.size();
  if (pending_.empty()) return;
  fault_point("farm.before-attempts");
  record_.add_attempts(std::exchange(pending_, {}));
}

}  // namespace grange
