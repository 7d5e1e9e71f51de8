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
// When nothing moves any more although steps wait, they wait in circles. In each innermost circle
// (one that waits for nothing outside it) steps then go on with another recipe, while helpers keep
// waiting for the inputs of the present one: whichever gets all its inputs first is attempted
// first. Recipes are only ever added to what is waited for, so that in the end everything is made
// that can be; an innermost circle without another recipe never will be.
//
// Inputs have lower indices than what uses them, so where each step of a circle goes on with its
// lowest recipe, the circle is open. That goes before the usual order of trying.

bool Plan::State::is_stuck() const {
  return counts.waiting > 0 && counts.running == 0 && open_queries == 0 && ready_count == 0;
}

void Plan::State::untangle() {
  release_unreachable();
  for (const auto& circle : innermost_circles()) {
    if (!try_other_recipes(circle)) give_up_one(circle);
  }
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

/// The strongly connected components of what waits that need nothing outside (Tarjan's algorithm,
/// without recursion). A step also waits for what its helpers wait for.
std::vector<std::vector<StepIndex>> Plan::State::innermost_circles() const {
  struct Visit {
    StepIndex step;
    std::vector<StepIndex> waits_for;
    std::size_t next = 0;
  };
  const auto count = steps.size();
  constexpr std::size_t kUnseen = 0;
  std::vector<std::size_t> number(count, kUnseen);
  std::vector<std::size_t> lowest(count, 0);
  std::vector<std::size_t> circle_of(count, 0);  // from 1, once known
  std::vector<StepIndex> open;
  std::vector<Visit> visits;
  std::vector<std::vector<StepIndex>> circles;
  std::size_t seen = 0;
  std::size_t found = 0;
  const auto visit = [&](StepIndex step) {
    number[step] = lowest[step] = ++seen;
    open.push_back(step);
    Visit next{step, steps[step].helpers};
    for (auto id = needs.first_from(step); id != NeedList::kNone; id = needs.next_from(id)) {
      next.waits_for.push_back(needs[id].step);
    }
    visits.push_back(std::move(next));
  };
  for (StepIndex first = 0; first < count; ++first) {
    if (steps[first].phase != Phase::waiting || number[first] != kUnseen) continue;
    visit(first);
    while (!visits.empty()) {
      Visit& top = visits.back();
      const StepIndex step = top.step;
      if (top.next < top.waits_for.size()) {
        const StepIndex other = top.waits_for[top.next++];
        if (number[other] == kUnseen) {
          visit(other);
        } else if (circle_of[other] == 0) {
          lowest[step] = std::min(lowest[step], number[other]);
        }
        continue;
      }
      if (lowest[step] == number[step]) {
        ++found;
        std::vector<StepIndex> circle;
        do {
          circle.push_back(open.back());
          circle_of[open.back()] = found;
          open.pop_back();
        } while (circle.back() != step);
        circles.push_back(std::move(circle));
      }
      visits.pop_back();
      if (!visits.empty()) {
        const StepIndex user = visits.back().step;
        lowest[user] = std::min(lowest[user], lowest[step]);
      }
    }
  }
  std::erase_if(circles, [&](std::vector<StepIndex>& circle) {
    std::sort(circle.begin(), circle.end());
    return std::any_of(circle.begin(), circle.end(), [&](StepIndex step) {
      const auto outside = [&](StepIndex other) { return circle_of[other] != circle_of[step]; };
      for (auto id = needs.first_from(step); id != NeedList::kNone; id = needs.next_from(id)) {
        if (outside(needs[id].step)) return true;
      }
      return std::any_of(steps[step].helpers.begin(), steps[step].helpers.end(), outside);
    });
  });
  return circles;
}

bool Plan::State::try_other_recipes(const std::vector<StepIndex>& circle) {
  const auto lowest_untried = [this](StepIndex index) {
    const auto& untried = steps[index].untried;
    return std::min_element(
               untried.begin(), untried.end(),
               [](const auto& one, const auto& other) { return one.recipe < other.recipe; })
        ->recipe;
  };
  std::vector<StepIndex> lower;
  std::optional<StepIndex> any;
  for (const StepIndex index : circle) {
    if (steps[index].untried.empty()) continue;
    any = index;
    if (lowest_untried(index) < steps[index].recipe) lower.push_back(index);
  }
  if (!any) return false;
  if (lower.empty()) lower.push_back(*any);
  for (const StepIndex index : lower) {
    steps[index].preferred = lowest_untried(index);
    add_helper(index);
    begin(index);
  }
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

/// The lowest recipe of the circle needs nothing in it, and so has failed: its step can say why all
/// of them fail.
void Plan::State::give_up_one(const std::vector<StepIndex>& circle) {
  auto chosen = std::find_if(circle.begin(), circle.end(), [this](StepIndex index) {
    return !steps[index].helper_of && !steps[index].failures.empty();
  });
  if (chosen == circle.end()) {
    chosen = std::find_if(circle.begin(), circle.end(),
                          [this](StepIndex index) { return !steps[index].helper_of; });
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
