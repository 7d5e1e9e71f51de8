#include <algorithm>

#include "plan/plan_state.h"

namespace grange {
namespace {

template <typename Limit>
Limit longer(Limit one, Limit other) {
  const Limit none{};
  return one == none || other == none ? none : std::max(one, other);
}

}  // namespace

StepLimits StepLimits::joined(const StepLimits& other) const {
  StepLimits result;
  result.timeout = longer(timeout, other.timeout);
  result.max_silent = longer(max_silent, other.max_silent);
  result.max_log_bytes = longer(max_log_bytes, other.max_log_bytes);
  result.priority = std::max(priority, other.priority);
  result.keep_failed = keep_failed || other.keep_failed;
  result.cores = !cores || !other.cores ? (cores ? cores : other.cores)
                                        : std::optional(longer(*cores, *other.cores));
  return result;
}

void Plan::State::raise_limits(StepIndex index, const StepLimits& limits) {
  Step& step = steps[index];
  const StepLimits joined = step.limits.joined(limits);
  if (joined == step.limits) return;
  const bool first_now = joined.priority != step.limits.priority;
  step.limits = joined;
  if (first_now) tell_changed(index);
  if (step.phase == Phase::waiting) to_pass_limits.emplace(step.recipe, index);
  for (const StepIndex helper : step.helpers) raise_limits(helper, limits);
}

/// What a step may take, what it needs may take too. Users come before what they use, so that each
/// step passes on its limits once, however many of its users' have grown.
void Plan::State::pass_limits_on() {
  while (!to_pass_limits.empty()) {
    const auto next = to_pass_limits.top();
    while (!to_pass_limits.empty() && to_pass_limits.top() == next) to_pass_limits.pop();
    const StepIndex index = next.second;
    for (auto id = needs.first_from(index); id != NeedList::kNone; id = needs.next_from(id)) {
      raise_limits(needs[id].step, steps[index].limits);
    }
  }
}

}  // namespace grange
