#include "farm/jobset_clock.h"

#include <tuple>

namespace grange {
namespace {

bool is_on(const Jobset& jobset) {
  return jobset.settings.state != JobsetState::off && jobset.project_enabled;
}

}  // namespace

bool is_due(const Jobset& jobset, TimePoint now) {
  if (!jobset.project_enabled || jobset.status.evaluating) return false;
  if (jobset.status.triggered && jobset.status.forced) return true;
  if (!is_on(jobset)) return false;
  if (jobset.status.triggered) return true;
  if (jobset.settings.state == JobsetState::one_shot) return true;
  if (jobset.settings.state == JobsetState::one_at_a_time && jobset.status.queued_builds > 0) {
    return false;
  }
  const auto at = due_at(jobset);
  // A clock that went back must not stop a jobset for long.
  if (jobset.status.last_checked && *jobset.status.last_checked > now) return at.has_value();
  return at && *at <= now;
}

std::optional<TimePoint> due_at(const Jobset& jobset) {
  if (!is_on(jobset) || jobset.settings.check_interval <= 0) return std::nullopt;
  if (!jobset.status.last_checked) return TimePoint{};
  return *jobset.status.last_checked + std::chrono::seconds(jobset.settings.check_interval);
}

bool goes_first(const Jobset& one, const Jobset& other) {
  const auto rank = [](const Jobset& jobset) {
    return std::tuple(jobset.status.triggered.value_or(TimePoint::max()),
                      jobset.status.last_checked.value_or(TimePoint{}), jobset.id);
  };
  return rank(one) < rank(other);
}

}  // namespace grange
