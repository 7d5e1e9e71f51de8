#include "plan/plan_state.h"

#include <algorithm>

#include "base/check.h"
#include "plan/plan_messages.h"

namespace grange {
bool is_broken(DerivationGraph::State state) {
  return state == DerivationGraph::State::missing || state == DerivationGraph::State::malformed ||
         state == DerivationGraph::State::cyclic;
}

Plan::State::State(const DerivationGraph& of, const Options& with, Ranking ranking)
    : graph(of),
      options(with),
      steps(of, with.expected_seconds != nullptr),
      own_queue(std::max(1U, with.slots), std::move(ranking)),
      ready(with.ready != nullptr ? *with.ready : own_queue) {}

void Plan::State::enter(Step& step, Phase phase) {
  GRANGE_CHECK(!step.helper_of);
  const auto count = [this](Phase of) -> std::size_t* {
    if (of == Phase::waiting || of == Phase::resolving || of == Phase::ready || of == Phase::twin) {
      return &counts.waiting;
    }
    return of == Phase::running ? &counts.running : nullptr;
  };
  if (auto* before = count(step.phase)) --*before;
  if (auto* after = count(phase)) ++*after;
  if (step.phase == Phase::ready) --ready_count;
  if (phase == Phase::ready) ++ready_count;
  step.phase = phase;
}

void Plan::State::count_as(Step& step, Tally tally) {
  const auto count = [this](Tally of) -> std::size_t* {
    switch (of) {
      case Tally::none:
        return nullptr;
      case Tally::present:
        return &counts.present;
      case Tally::cut_off:
        return &counts.cut_off;
      case Tally::made:
        return &counts.made;
      case Tally::failed:
        return &counts.failed;
      case Tally::dependency_failed:
        return &counts.dependency_failed;
      case Tally::aborted:
        return &counts.aborted;
    }
    return nullptr;
  };
  if (auto* before = count(step.tally)) --*before;
  if (auto* after = count(tally)) ++*after;
  step.tally = tally;
}

// Its inputs are needed.

/// Fills `inputs`; false when the recipe uses an output that its input does not have. Of an
/// unverified recipe only what is not verified either: the others would be made for nothing.
bool Plan::State::find_inputs(StepIndex index) {
  const DerivationIndex recipe = steps[index].recipe;
  const bool unverified = graph.state(recipe) == DerivationGraph::State::unverified;
  const PolicyIndex policy = steps.policy_of_inputs(steps[index].policy);
  inputs.clear();
  for (const auto& edge : graph.inputs(recipe)) {
    const auto state = graph.state(edge.input);
    if (unverified && state == DerivationGraph::State::verified) continue;
    const StepIndex input = steps.step_for(edge.input, policy);
    OutputMask outputs = 1;  // all there is to know where nothing can be wrong, or everything is
    const bool only_one = !unverified && steps[input].outputs.size() == 1;
    if (!only_one && !is_broken(state)) {
      const auto names = graph.input_outputs(edge);
      const auto mask = output_mask(steps[input].outputs, names);
      if (!mask) {
        fail_recipe(index, {recipe, Outcome::unsupported,
                            unknown_output_message(graph, edge.input, steps[input].outputs, names) +
                                "; '" + printed(graph, recipe) + "' needs it"});
        return false;
      }
      outputs = *mask;
    }
    inputs.push_back({input, outputs});
  }
  return true;
}

void Plan::State::prepare(StepIndex index) {
  Step& step = steps[index];
  step.input_failed = false;
  if (!find_inputs(index)) return;
  for (const auto& input : inputs) {
    if (attach_input(index, input.step, input.outputs) == Attached::failed) {
      step.input_failed = true;
    }
  }
  if (needs.has_needs(index)) return;
  if (step.input_failed) {
    inputs_failed(index);
  } else {
    make_ready(index);
  }
}

/// It may be that it has nothing to wait for any more.
void Plan::State::complete(StepIndex index) {
  Step& step = steps[index];
  const bool waits = step.phase == Phase::waiting && step.recipe_taken;
  if (!waits || needs.has_needs(index)) return;
  if (step.input_failed) {
    prepare(index);  // what failed may have been taken up again since, by another recipe
  } else {
    make_ready(index);
  }
}

/// All of `inputs` have come to an end, one at least to a bad one. A failure is decisive; where
/// there are only aborted ones, nothing is known of this step.
void Plan::State::inputs_failed(StepIndex index) {
  FailedRecipe failed{steps[index].recipe, Outcome::dependency_failed, "", {}, true};
  FailedRecipe aborted{steps[index].recipe, Outcome::aborted, "", {}, true};
  for (const auto& input : inputs) {
    const Step& step = steps[input.step];
    if (step.has(input.outputs)) continue;
    const FailedRecipe& failure = step.failure();
    add_culprits((failure.outcome == Outcome::aborted ? aborted : failed).culprits,
                 failure.culprits);
  }
  if (failed.culprits.empty()) {
    abort(index, std::move(aborted));
  } else {
    fail_recipe(index, std::move(failed));
  }
}

// It is attempted.

void Plan::State::make_ready(StepIndex index) {
  if (steps[index].helper_of) {
    helper_ready(index);
    return;
  }
  if (needs_resolving(steps[index].recipe)) {
    resolve(index);
    return;
  }
  enter(steps[index], Phase::ready);
  ready.add(ready_step(index));
}

void Plan::State::start_ready() {
  while (const auto next = stopped_by ? ready.drop() : ready.take()) {
    const auto index = static_cast<StepIndex>(*next);
    Step& step = steps[index];
    GRANGE_CHECK(step.phase == Phase::ready);
    if (stopped_by) {
      abort(index, {step.recipe, Outcome::aborted, not_started_message(graph, *stopped_by)});
      continue;
    }
    if (step.comes_to && wait_for_twin(index)) {
      ready.ended(*next);
      continue;
    }
    enter(step, Phase::running);
    decisions.emplace_back(
        Attempt{*next, step.recipe, output_names(step.outputs, step.wanted), step.limits});
  }
}

// Nobody needs it any more.

void Plan::State::release(StepIndex index) {
  if (needs.is_needed(index)) return;
  Step& step = steps[index];
  switch (step.phase) {
    case Phase::idle:
    case Phase::asking:  // its answer finds that nobody needs it
    case Phase::resolving:
    case Phase::failed:
      break;
    case Phase::to_ask:
      put_back_recipes(index);
      enter(step, Phase::idle);
      break;
    case Phase::ready:
      ready.remove(StepId{index});
      [[fallthrough]];
    case Phase::waiting:
    case Phase::twin:
      leave_inputs(index);
      put_back_recipes(index);
      enter(step, Phase::idle);
      break;
    case Phase::running:
      if (!std::exchange(step.cancelling, true)) decisions.emplace_back(Cancel{StepId{index}});
      break;
  }
}

/// It waits no longer; what only it needed is released.
void Plan::State::leave_inputs(StepIndex index) {
  while (needs.has_needs(index)) {
    const auto need = needs.first_from(index);
    to_release.push_back(needs[need].step);
    to_reconsider.push_back(needs[need].step);
    needs.remove(need);
  }
}

void Plan::State::put_back_recipe(StepIndex index) {
  Step& step = steps[index];
  if (std::exchange(step.recipe_taken, false) && step.fixed) {
    step.untried.insert(steps.rank(step.recipe));
  }
}

/// Also those for whose inputs helpers wait.
void Plan::State::put_back_recipes(StepIndex index) {
  Step& step = steps[index];
  put_back_recipe(index);
  while (!step.helpers.empty()) {
    step.untried.insert(steps.rank(steps[step.helpers.back()].recipe));
    dismiss_helper(step.helpers.back());
  }
}

void Plan::State::settle() {
  const auto each = [](std::vector<StepIndex>& queue, auto&& action) {
    for (const StepIndex step : std::exchange(queue, {})) action(step);
  };
  // Asking comes last, so that a Query speaks for all who need the step by then.
  for (;;) {
    if (!to_release.empty()) {
      each(to_release, [this](StepIndex step) { release(step); });
    } else if (!to_notify.empty()) {
      each(to_notify, [this](StepIndex step) { notify(step); });
    } else if (!to_complete.empty()) {
      each(to_complete, [this](StepIndex step) { complete(step); });
    } else if (!to_ask.empty()) {
      each(to_ask, [this](StepIndex step) { ask(step); });
    } else {
      return;
    }
  }
}

}  // namespace grange
