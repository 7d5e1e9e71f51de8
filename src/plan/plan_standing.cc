#include <algorithm>
#include <utility>

#include "plan/plan_state.h"

namespace grange {

// What those who need a step make of it: who has an interest in it, since when, and how long the
// chain of what waits for it is. It rises at once where somebody joins, and is passed on like
// limits. Where somebody leaves, or wants something otherwise, it is worked out anew for that step
// and all that lies below: what they stood for until then is forgotten first, so that steps which
// wait in circles cannot keep up for each other what nobody outside wants any more.
//
// Chains of circles would have no end: a path is passed on only to lower levels. An input that is
// known by higher recipes only is left out; a path is an estimate in any case.

namespace {

Standing joined_standing(Standing one, const Standing& other) {
  one.age = std::min(one.age, other.age);
  one.path = std::max(one.path, other.path);
  return one;
}

}  // namespace

std::uint32_t Plan::State::level(StepIndex index) const {
  return options.expected_seconds ? steps.level(index) : steps[index].recipe;
}

Standing Plan::State::handed_down(const Want& want, WantIndex index) const {
  return {want.interest, index, 0};
}

Standing Plan::State::handed_down(StepIndex from, StepIndex to) const {
  Standing standing = steps[from].standing;
  if (standing.path > 0 && level(to) >= level(from)) standing.path = 0;
  return standing;
}

void Plan::State::begin_standing(StepIndex index, const Standing& handed) {
  Step& step = steps[index];
  if (options.expected_seconds) {
    step.seconds = std::max(0.0, options.expected_seconds(step.recipe));
  }
  const Standing before = std::exchange(step.standing, {});
  join_standing(index, handed);
  if (step.standing != before) tell_changed(index);
}

bool Plan::State::join_standing(StepIndex index, const Standing& handed) {
  Step& step = steps[index];
  Standing joined = joined_standing(step.standing, handed);
  joined.interest = interests.united(step.standing.interest, handed.interest);
  joined.path = std::max(step.standing.path, handed.path + step.seconds);
  if (joined == step.standing) return false;
  step.standing = joined;
  return true;
}

void Plan::State::raise_standing(StepIndex index, const Standing& handed) {
  if (all_the_same()) return;
  if (!join_standing(index, handed)) return;
  const Step& step = steps[index];
  tell_changed(index);
  if (step.phase == Phase::waiting) to_pass_standing.emplace(level(index), index);
  for (const StepIndex helper : step.helpers) raise_standing(helper, handed);
}

void Plan::State::pass_standing_on() {
  while (!to_pass_standing.empty()) {
    const auto next = to_pass_standing.top();
    while (!to_pass_standing.empty() && to_pass_standing.top() == next) to_pass_standing.pop();
    const StepIndex index = next.second;
    for (auto id = needs.first_from(index); id != NeedList::kNone; id = needs.next_from(id)) {
      raise_standing(needs[id].step, handed_down(index, needs[id].step));
    }
  }
}

void Plan::State::reconsider_standing() {
  if (to_reconsider.empty()) return;
  const auto roots = std::exchange(to_reconsider, {});
  if (all_the_same()) return;
  const auto affected = below(roots);
  std::vector<Standing> before;
  before.reserve(affected.size());
  for (const StepIndex index : affected) before.push_back(std::exchange(steps[index].standing, {}));
  for (const StepIndex index : affected) work_out_standing(index);
  // Once, unless recipes of equal outputs put something above what uses it.
  for (bool changed = true; changed;) {
    changed = false;
    for (const StepIndex index : affected) {
      for (auto id = needs.first_from(index); id != NeedList::kNone; id = needs.next_from(id)) {
        changed |= join_standing(needs[id].step, handed_down(index, needs[id].step));
      }
      for (const StepIndex helper : steps[index].helpers) {
        if (steps[helper].standing == steps[index].standing) continue;
        steps[helper].standing = steps[index].standing;
        changed = true;
      }
    }
  }
  for (std::size_t i = 0; i < affected.size(); ++i) {
    if (steps[affected[i]].standing != before[i]) tell_changed(affected[i]);
  }
}

/// The roots that somebody needs and everything that they need: users first, as far as levels tell.
std::vector<StepIndex> Plan::State::below(const std::vector<StepIndex>& roots) {
  std::vector<StepIndex> found;
  ++reach_number;
  reached_in.resize(steps.size(), 0);
  const auto reach = [&](StepIndex step) {
    if (std::exchange(reached_in[step], reach_number) != reach_number) found.push_back(step);
  };
  for (const StepIndex root : roots) {
    if (needs.is_needed(root)) reach(root);
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    const StepIndex index = found[i];
    for (const StepIndex helper : steps[index].helpers) reach(helper);
    for (auto id = needs.first_from(index); id != NeedList::kNone; id = needs.next_from(id)) {
      reach(needs[id].step);
    }
  }
  std::sort(found.begin(), found.end(), [this](StepIndex one, StepIndex other) {
    const auto levels = std::pair(level(one), level(other));
    if (levels.first != levels.second) return levels.first > levels.second;
    return one < other;
  });
  return found;
}

/// From all who need it, as they stand by now.
void Plan::State::work_out_standing(StepIndex index) {
  Step& step = steps[index];
  if (step.helper_of) {
    step.standing = steps[*step.helper_of].standing;
    return;
  }
  Standing standing;
  interests_of_users.clear();
  for (auto id = needs.first_for(index); id != NeedList::kNone; id = needs.next_for(id)) {
    const auto& need = needs[id];
    const Standing handed =
        need.from_want ? handed_down(wants[need.from], need.from) : handed_down(need.from, index);
    standing = joined_standing(standing, handed);
    interests_of_users.push_back(handed.interest);
  }
  standing.path += step.seconds;
  standing.interest = interests.united(interests_of_users);
  step.standing = standing;
}

void Plan::State::tell_changed(StepIndex index) {
  const Phase phase = steps[index].phase;
  if (phase == Phase::ready || phase == Phase::running) ready.change(ready_step(index));
}

ReadyStep Plan::State::ready_step(StepIndex index) const {
  const Step& step = steps[index];
  return {StepId{index},      step.recipe,      step.limits, interests[step.standing.interest],
          step.standing.path, step.standing.age};
}

}  // namespace grange
