#include <algorithm>
#include <utility>

#include "base/check.h"
#include "plan/plan_messages.h"
#include "plan/plan_state.h"

namespace grange {

// Derivations have no cycles, but steps may: a tarball fetched with curl, where curl's own sources
// include the same tarball, fetched by other means, is one step with two recipes, the first of
// which waits for curl, which waits for that very step. Only fixed-output recipes can close such a
// circle, and one of those on it has another recipe (or had one, which failed). When nothing moves
// any more although steps wait, they wait in circles: one of them sets its recipe aside and goes on
// with its next one. A recipe that was set aside is tried again once anything was made since, or
// once the others have failed. When there is nothing left to change, what waits can never be made.

bool Plan::State::is_stuck() const {
  return counts.waiting > 0 && counts.running == 0 && open_queries == 0;
}

void Plan::State::untangle() {
  release_unreachable();
  if (counts.waiting > 0 && !try_another_recipe()) give_up_one();
}

/// Circles whose users have all left keep each other needed.
void Plan::State::release_unreachable() {
  std::vector<bool> reached(steps.size(), false);
  std::vector<StepIndex> stack;
  const auto reach = [&](StepIndex step) {
    if (reached[step]) return;
    reached[step] = true;
    stack.push_back(step);
  };
  for (const auto& want : wants) {
    if (want.open) reach(want.step);
  }
  while (!stack.empty()) {
    const StepIndex step = stack.back();
    stack.pop_back();
    for (auto id = needs.first_from(step); id != NeedList::kNone; id = needs.next_from(id)) {
      reach(needs[id].step);
    }
  }
  for (StepIndex step = 0; step < steps.size(); ++step) {
    if (steps[step].phase == Phase::waiting && !reached[step]) leave_inputs(step);
  }
}

/// It no longer waits; what only it needed is released.
void Plan::State::leave_inputs(StepIndex index) {
  std::vector<StepIndex> inputs_left;
  while (needs.has_needs(index)) {
    const auto need = needs.first_from(index);
    inputs_left.push_back(needs[need].step);
    needs.remove(need);
  }
  put_back_recipes(index);
  enter(steps[index], Phase::idle);
  for (const StepIndex input : inputs_left) release(input);
}

/// Of all steps that could go on with another recipe, the one whose other recipe lies lowest: what
/// that one needs is the least likely to be part of the circle.
bool Plan::State::try_another_recipe() {
  std::optional<StepIndex> chosen;
  DerivationIndex lowest = 0;
  for (StepIndex index = 0; index < steps.size(); ++index) {
    Step& step = steps[index];
    if (step.phase != Phase::waiting || !step.fixed) continue;
    if (step.untried.empty()) {
      std::erase_if(step.set_aside, [&](const Step::SetAside& aside) {
        if (aside.progress == progress) return false;
        step.untried.insert(steps.rank(aside.recipe));
        return true;
      });
    }
    if (step.untried.empty()) continue;
    const DerivationIndex other = step.untried.begin()->recipe;
    if (chosen && other >= lowest) continue;
    chosen = index;
    lowest = other;
  }
  if (!chosen) return false;
  Step& step = steps[*chosen];
  auto set_aside = std::exchange(step.set_aside, {});
  set_aside.push_back({step.recipe, progress});
  leave_inputs(*chosen);
  step.untried.erase(steps.rank(step.recipe));
  step.set_aside = std::move(set_aside);
  GRANGE_CHECK(needs.is_needed(*chosen));
  queue_ask(*chosen);
  return true;
}

/// Any step that waits is as good as another; one whose other recipes failed can say why.
void Plan::State::give_up_one() {
  std::optional<StepIndex> chosen;
  for (StepIndex index = 0; index < steps.size(); ++index) {
    if (steps[index].phase != Phase::waiting) continue;
    if (!chosen) chosen = index;
    if (steps[index].failures.empty()) continue;
    chosen = index;
    break;
  }
  Step& step = steps[*chosen];
  step.set_aside.clear();
  leave_inputs(*chosen);
  step.untried.clear();
  fail_recipe(*chosen, {step.recipe,
                        Outcome::dependency_failed,
                        "derivation '" + printed(graph, step.recipe) +
                            "' needs its own outputs to be made first",
                        {}});
}

}  // namespace grange
