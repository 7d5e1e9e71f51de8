#include <algorithm>
#include <utility>

#include "plan/plan_messages.h"
#include "plan/plan_state.h"

namespace grange {

// Derivations have no cycles, but steps may: a tarball fetched with curl, where curl's own sources
// include the same tarball, fetched by other means, is one step with two recipes, the first of
// which waits for curl, which waits for that very step. Only fixed-output recipes can close such a
// circle, and where one does, a step on it has another recipe.
//
// When nothing moves any more although steps wait, they wait in circles. Then one of them goes on
// with its next recipe, while a helper keeps waiting for the inputs of the present one: whichever
// gets all its inputs first is attempted first. Recipes are only ever added to what is waited for,
// so that in the end everything is made that can be; what then still waits never will be.

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
    for (const StepIndex helper : steps[step].helpers) reach(helper);
    for (auto id = needs.first_from(step); id != NeedList::kNone; id = needs.next_from(id)) {
      reach(needs[id].step);
    }
  }
  for (StepIndex index = 0; index < steps.size(); ++index) {
    Step& step = steps[index];
    if (step.phase != Phase::waiting || step.helper_of || reached[index]) continue;
    leave_inputs(index);
    put_back_recipes(index);
    enter(step, Phase::idle);
  }
}

/// Of all steps that could go on with another recipe, the one whose other recipe lies lowest: what
/// that one needs is the least likely to be part of the circle.
bool Plan::State::try_another_recipe() {
  std::optional<StepIndex> chosen;
  DerivationIndex lowest = 0;
  for (StepIndex index = 0; index < steps.size(); ++index) {
    const Step& step = steps[index];
    if (step.phase != Phase::waiting || step.untried.empty()) continue;
    const DerivationIndex other = step.untried.begin()->recipe;
    if (chosen && other >= lowest) continue;
    chosen = index;
    lowest = other;
  }
  if (!chosen) return false;
  add_helper(*chosen);
  begin(*chosen);
  return true;
}

/// The helper takes over what the step waits for.
void Plan::State::add_helper(StepIndex index) {
  Step& step = steps[index];
  const StepIndex helper = steps.add_helper(index);
  steps[helper].phase = Phase::waiting;
  steps[helper].input_failed = step.input_failed;
  while (needs.has_needs(index)) {
    const auto need = needs.first_from(index);
    needs.add_from_step(helper, needs[need].step, needs[need].outputs);
    needs.remove(need);
  }
  step.recipe_taken = false;
}

void Plan::State::dismiss_helper(StepIndex helper) {
  leave_inputs(helper);
  steps.remove_helper(helper);
}

/// Its recipe is the next to be tried: now, unless one is being tried or asked about.
void Plan::State::helper_ready(StepIndex helper) {
  const StepIndex index = *steps[helper].helper_of;
  Step& step = steps[index];
  step.preferred = steps[helper].recipe;
  step.untried.insert(steps.rank(steps[helper].recipe));
  dismiss_helper(helper);
  if (step.phase != Phase::waiting) return;
  leave_inputs(index);
  put_back_recipe(index);
  begin(index);
}

void Plan::State::helper_failed(StepIndex helper, FailedRecipe failure) {
  const StepIndex index = *steps[helper].helper_of;
  Step& step = steps[index];
  step.failures.push_back(std::move(failure));
  dismiss_helper(helper);
  const bool waits_for_others = step.recipe_taken || !step.helpers.empty();
  if (step.phase == Phase::waiting && !waits_for_others) fail(index);
}

/// Any step that waits is as good as another; one whose other recipes failed can say why, and
/// otherwise one with several recipes is at the heart of it.
void Plan::State::give_up_one() {
  std::optional<StepIndex> chosen;
  for (StepIndex index = 0; index < steps.size(); ++index) {
    const Step& step = steps[index];
    if (step.phase != Phase::waiting || step.helper_of) continue;
    if (!chosen || (step.fixed && !steps[*chosen].fixed)) chosen = index;
    if (step.failures.empty()) continue;
    chosen = index;
    break;
  }
  Step& step = steps[*chosen];
  leave_inputs(*chosen);
  while (!step.helpers.empty()) dismiss_helper(step.helpers.back());
  step.recipe_taken = false;
  if (step.failures.empty()) {
    step.failures.push_back(
        {step.recipe,
         Outcome::dependency_failed,
         "derivation '" + printed(graph, step.recipe) + "' needs its own outputs to be made first",
         {step.recipe}});
  }
  fail(*chosen);
}

}  // namespace grange
