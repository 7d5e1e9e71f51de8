#include "farm/failure_lifetimes.h"

#include <chrono>
#include <string>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr Seconds kFewHours = std::chrono::hours(6);
constexpr Seconds kOneDay = std::chrono::hours(24);
constexpr Seconds kOneMonth = std::chrono::hours(30 * 24);
constexpr Seconds kLongestLifetime = std::chrono::hours(100 * 366 * 24);

Outcome class_of_failure(std::string_view text) {
  const auto outcome = parse_outcome(text);
  if (outcome && is_lasting_failure(*outcome)) return *outcome;
  throw InvalidError(
      "specified failed, failed with output, timed out, log limit exceeded, output rejected or "
      "hash "
      "mismatch, got '" +
      printable(std::string(text)) + "'");
}

}  // namespace

FailureLifetimes::FailureLifetimes()
    : by_class_{{Outcome::failed, kOneMonth},           {Outcome::failed_with_output, kOneMonth},
                {Outcome::output_rejected, kOneMonth},  {Outcome::timed_out, kOneDay},
                {Outcome::log_limit_exceeded, kOneDay}, {Outcome::hash_mismatch, kFewHours}} {}

void FailureLifetimes::set(std::string_view outcome, Seconds lifetime) {
  const auto of = class_of_failure(outcome);
  if (!(lifetime >= Seconds(0)) || lifetime > kLongestLifetime) {
    throw InvalidError("specified a lifetime from 0 to 100 years for '" + std::string(outcome) +
                       "', got " + std::to_string(lifetime.count()) + " s");
  }
  by_class_[of] = lifetime;
}

void FailureLifetimes::set_for_ever(std::string_view outcome) {
  by_class_[class_of_failure(outcome)] = std::nullopt;
}

std::optional<TimePoint> FailureLifetimes::believed_until(Outcome outcome, TimePoint ended) const {
  const auto found = by_class_.find(outcome);
  if (found == by_class_.end() || !found->second) return std::nullopt;
  return ended + std::chrono::duration_cast<TimePoint::duration>(*found->second);
}

bool FailureLifetimes::is_believed(Outcome outcome, TimePoint ended, TimePoint now) const {
  const auto lasts = [&](const std::optional<Seconds>& lifetime) {
    return !lifetime || Seconds(now - ended) <= *lifetime;
  };
  if (outcome == Outcome::dependency_failed) {
    // Which failure it was does not matter: it is found again at once where it is still believed.
    for (const auto& [one, lifetime] : by_class_) {
      if (!lasts(lifetime)) return false;
    }
    return true;
  }
  const auto found = by_class_.find(outcome);
  return found == by_class_.end() || lasts(found->second);
}

}  // namespace grange
