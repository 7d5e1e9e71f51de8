#include "farm/attempt_log.h"

#include <utility>

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
    pending_.push_back({graph_.output_set(recipe), path,
                        graph_.kind(recipe) == DerivationKind::fixed,
                        result.check ? check_policy_ : policy_, result});
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

std::function<std::optional<BuildResult>(DerivationIndex, const BuildPolicy&)>
AttemptLog::known_failures() {
  return [this](DerivationIndex recipe, const BuildPolicy&) -> std::optional<BuildResult> {
    const auto output_set = graph_.output_set(recipe);
    if (!output_set) return std::nullopt;
    const auto failure = record_.lasting_failure(
        *output_set, graph_.path(recipe), graph_.kind(recipe) == DerivationKind::fixed, policy_);
    if (!failure) return std::nullopt;
    return failure->result;
  };
}

void AttemptLog::flush() {
  last_flush_ = clock_.monotonic();
  if (pending_.empty()) return;
  record_.add_attempts(std::exchange(pending_, {}));
}

}  // namespace grange
