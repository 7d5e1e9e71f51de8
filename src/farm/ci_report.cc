#include "farm/ci_report.h"

#include <algorithm>

namespace grange {
namespace {

/// `unknown` and `aborted` say nothing about a target, so a base that had them does not excuse.
bool was_failing(const TargetReport& target) {
  return target.in_base && target.base_outcome != Outcome::good &&
         target.base_outcome != Outcome::unknown && target.base_outcome != Outcome::aborted;
}

}  // namespace

bool CheckReport::is_finding() const {
  return outcome != Outcome::good && outcome != Outcome::aborted;
}

bool TargetReport::failing() const {
  return verdict != Verdict::removed && outcome != Outcome::good;
}

bool TargetReport::newly_failing() const {
  return failing() && !was_failing(*this);
}

bool TargetReport::fixed() const {
  return in_base && is_lasting_failure(base_outcome) && outcome == Outcome::good;
}

std::size_t CiReport::made() const {
  return static_cast<std::size_t>(
      std::count_if(attempts.begin(), attempts.end(), [](const AttemptReport& attempt) {
        return attempt.result.good() && !attempt.result.already_valid;
      }));
}

std::size_t CiReport::count_skipped() const {
  return static_cast<std::size_t>(std::count_if(
      targets.begin(), targets.end(), [](const TargetReport& target) { return target.skipped; }));
}

std::size_t CiReport::count_failing() const {
  return static_cast<std::size_t>(std::count_if(
      targets.begin(), targets.end(), [](const TargetReport& target) { return target.failing(); }));
}

int CiReport::exit_code() const {
  if (!complete) return 3;
  bool newly_failing = false;
  bool aborted = false;
  for (const auto& target : targets) {
    if (!target.failing()) continue;
    if (target.outcome == Outcome::aborted) {
      aborted = true;
    } else if (target.newly_failing()) {
      newly_failing = true;
    }
  }
  bool found = false;
  for (const auto& check : checks) {
    if (check.outcome == Outcome::aborted) aborted = true;
    if (check.is_finding()) found = true;
  }
  if (newly_failing) return 1;
  if (aborted) return 75;
  if (found) return 4;
  return count_failing() > 0 ? 2 : 0;
}

}  // namespace grange
