#include <utility>

#include "base/check.h"
#include "derivation/depends_on_content.h"
#include "plan/plan_state.h"

namespace grange {

// What depends on content is known only when its inputs are: then it is asked what the step comes
// to. It may be there already (an input was rebuilt to the same content: cut off), or another step
// may have come to the same and be at it.

bool Plan::State::needs_resolving(DerivationIndex recipe) const {
  if (graph.inputs(recipe).empty()) return false;
  const auto kind = graph.kind(recipe);
  return depends_on_content(kind) || (kind == DerivationKind::fixed && options.resolve_fixed);
}

void Plan::State::resolve(StepIndex index) {
  Step& step = steps[index];
  enter(step, Phase::resolving);
  GRANGE_CHECK(!step.resolve_open);
  step.resolve_open = true;
  ++open_queries;
  decisions.emplace_back(Resolve{StepId{index}, step.recipe});
}

void Plan::State::resolved(StepIndex index, const std::optional<OutputSetId>& output_set,
                           OutputMask present) {
  Step& step = steps[index];
  GRANGE_CHECK(step.resolve_open && step.phase == Phase::resolving);
  step.resolve_open = false;
  --open_queries;
  step.comes_to = output_set;
  const bool normal = steps.policy(step.policy).mode == BuildPolicy::Mode::normal;
  if (normal && present != 0 && (step.wanted & ~step.have & ~present) == 0) {
    gain(index, present, Tally::cut_off);
  } else if (!needs.is_needed(index)) {
    put_back_recipes(index);
    enter(step, Phase::idle);
  } else {
    enter(step, Phase::ready);
    ready.add(ready_step(index));
  }
}

/// It is about to be attempted. True when it is not, for now or for good.
bool Plan::State::wait_for_twin(StepIndex index) {
  Step& step = steps[index];
  Twins& same = twins[{step.policy, *step.comes_to}];
  if (same.running) {
    enter(step, Phase::twin);
    same.parked.push_back(index);
    return true;
  }
  if (same.failure) {
    FailedRecipe failure = *same.failure;
    failure.recipe = step.recipe;
    failure.culprits.clear();
    fail_recipe(index, std::move(failure));
    return true;
  }
  if (same.made && !std::exchange(step.resolved_again, true)) {
    resolve(index);
    return true;
  }
  same.running = index;
  return false;
}

void Plan::State::twin_ended(StepIndex index, const BuildResult& result) {
  Twins& same = twins[{steps[index].policy, *steps[index].comes_to}];
  GRANGE_CHECK(same.running == index);
  same.running.reset();
  same.made = result.good() || result.outcome == Outcome::failed_with_output;
  if (!same.made && is_lasting_failure(result.outcome)) {
    same.failure = FailedRecipe{steps[index].recipe, result.outcome, result.message};
  }
  for (const StepIndex parked : std::exchange(same.parked, {})) {
    if (steps[parked].phase != Phase::twin) continue;
    enter(steps[parked], Phase::ready);
    ready.add(ready_step(parked));
  }
}

}  // namespace grange
