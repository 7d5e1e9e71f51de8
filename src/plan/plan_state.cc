#include "plan/plan_state.h"

#include <algorithm>

#include "base/check.h"
#include "plan/plan_messages.h"

namespace grange {
namespace {

using GraphState = DerivationGraph::State;

bool is_broken(GraphState state) {
  return state == GraphState::missing || state == GraphState::malformed ||
         state == GraphState::cyclic;
}

}  // namespace

Plan::State::State(const DerivationGraph& of, const Options& with, Ranking ranking)
    : graph(of), options(with), steps(of), ready(steps, std::move(ranking)) {
  options.slots = std::max(1U, options.slots);
}

void Plan::State::enter(Step& step, Phase phase) {
  const auto count = [this](Phase of) -> std::size_t* {
    if (of == Phase::waiting || of == Phase::ready) return &counts.waiting;
    return of == Phase::running ? &counts.running : nullptr;
  };
  if (auto* before = count(step.phase)) --*before;
  if (auto* after = count(phase)) ++*after;
  step.phase = phase;
}

void Plan::State::count_as(Step& step, Tally tally) {
  const auto count = [this](Tally of) -> std::size_t* {
    switch (of) {
      case Tally::none:
        return nullptr;
      case Tally::present:
        return &counts.present;
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

// A step is needed.

std::optional<Plan::State::Attached> Plan::State::attached_already(StepIndex index,
                                                                   OutputMask outputs) {
  Step& step = steps[index];
  if (step.has(outputs)) return Attached::has;
  if (step.phase == Phase::failed && !reopen(step)) return Attached::failed;
  return std::nullopt;
}

/// What failed is looked at again only when something became known since.
bool Plan::State::reopen(Step& step) {
  if (step.failed_at == steps.knowledge()) return false;
  if (step.failure().outcome == Outcome::aborted) return false;
  std::erase_if(step.failures, [&](const FailedRecipe& failure) {
    if (failure.outcome != Outcome::dependency_failed) return false;
    if (step.fixed) step.untried.insert(steps.rank(failure.recipe));
    return true;
  });
  if (step.fixed ? step.untried.empty() : !step.failures.empty()) return false;
  count_as(step, Tally::none);
  enter(step, Phase::idle);
  return true;
}

void Plan::State::after_attach(StepIndex index, OutputMask outputs, const StepLimits& limits,
                               bool first) {
  Step& step = steps[index];
  step.wanted |= outputs;
  if (first) {
    step.limits = limits;
  } else {
    raise_limits(index, limits);
  }
  if (step.phase == Phase::idle) queue_ask(index);
}

Plan::State::Attached Plan::State::attach_want(WantIndex index, const StepLimits& limits) {
  Want& want = wants[index];
  Step& step = steps[want.step];
  const bool not_begun = step.phase == Phase::idle || step.phase == Phase::to_ask;
  if (not_begun && !step.fixed) step.recipe = want.derivation;
  if (const auto already = attached_already(want.step, want.outputs)) return *already;
  const bool first = !needs.is_needed(want.step);
  want.need = needs.add_from_want(index, want.step, want.outputs);
  after_attach(want.step, want.outputs, limits, first);
  return Attached::waits;
}

Plan::State::Attached Plan::State::attach_input(StepIndex from, StepIndex index,
                                                OutputMask outputs) {
  if (const auto already = attached_already(index, outputs)) return *already;
  const bool first = !needs.is_needed(index);
  needs.add_from_step(from, index, outputs);
  after_attach(index, outputs, steps[from].limits, first);
  return Attached::waits;
}

// Its presence is asked for.

void Plan::State::queue_ask(StepIndex index) {
  Step& step = steps[index];
  enter(step, Phase::to_ask);
  if (step.ask_queued) return;
  step.ask_queued = true;
  to_ask.push_back(index);
}

void Plan::State::ask(StepIndex index) {
  Step& step = steps[index];
  step.ask_queued = false;
  if (step.phase != Phase::to_ask) return;
  if (step.fixed) {
    GRANGE_CHECK(!step.untried.empty());
    step.recipe = step.untried.begin()->recipe;
    step.untried.erase(step.untried.begin());
  }
  const auto state = graph.state(step.recipe);
  if (is_broken(state)) {
    fail_recipe(index, {step.recipe, Outcome::unsupported, broken_message(graph, step.recipe), {}});
    return;
  }
  if (stopped_by && !step.failures.empty()) {
    abort(index, {step.recipe, Outcome::aborted, not_started_message(graph, *stopped_by), {}});
    return;
  }
  // An unverified one has no paths to ask about, and a check or repair is wanted in any case.
  if (state == GraphState::unverified ||
      steps.policy(step.policy).mode != BuildPolicy::Mode::normal) {
    enter(step, Phase::waiting);
    prepare(index);
    return;
  }
  enter(step, Phase::asking);
  step.asked = step.wanted & ~step.have;
  ++open_queries;
  decisions.emplace_back(Query{StepId{index}, step.recipe, output_names(step.outputs, step.asked)});
}

void Plan::State::answered(StepIndex index, bool all_present) {
  Step& step = steps[index];
  GRANGE_CHECK(step.phase == Phase::asking);
  --open_queries;
  if (all_present) {
    gain(index, step.asked, Tally::present);
  } else if (!needs.is_needed(index)) {
    put_back_recipes(index);
    enter(step, Phase::idle);
  } else if (stopped_by) {
    abort(index, {step.recipe, Outcome::aborted, not_started_message(graph, *stopped_by), {}});
  } else {
    enter(step, Phase::waiting);
    prepare(index);
  }
}

// Its inputs are needed.

/// Fills `inputs`; false when the recipe uses an output that its input does not have. Of an
/// unverified recipe only what is not verified either: the others would be made for nothing.
bool Plan::State::find_inputs(StepIndex index) {
  const DerivationIndex recipe = steps[index].recipe;
  const bool unverified = graph.state(recipe) == GraphState::unverified;
  const PolicyIndex policy = steps.policy_of_inputs(steps[index].policy);
  inputs.clear();
  for (const auto& edge : graph.inputs(recipe)) {
    const auto state = graph.state(edge.input);
    if (unverified && state == GraphState::verified) continue;
    const StepIndex input = steps.step_for(edge.input, policy);
    OutputMask outputs = 1;
    if (!is_broken(state)) {
      const auto names = graph.input_outputs(edge);
      const auto mask = output_mask(steps[input].outputs, names);
      if (!mask) {
        fail_recipe(index, {recipe,
                            Outcome::unsupported,
                            unknown_output_message(graph, edge.input, steps[input].outputs, names) +
                                "; '" + printed(graph, recipe) + "' needs it",
                            {}});
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
  if (step.phase != Phase::waiting || needs.has_needs(index)) return;
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

/// All of `inputs` have come to an end, one at least to a bad one. A failure is decisive; where
/// there are only aborted ones, nothing is known of this step.
void Plan::State::inputs_failed(StepIndex index) {
  FailedRecipe failed{steps[index].recipe, Outcome::dependency_failed, "", {}};
  FailedRecipe aborted{steps[index].recipe, Outcome::aborted, "", {}};
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
  enter(steps[index], Phase::ready);
  ready.push(index);
}

void Plan::State::start_ready() {
  while (stopped_by || counts.running < options.slots) {
    const auto next = ready.pop();
    if (!next) return;
    Step& step = steps[*next];
    if (stopped_by) {
      abort(*next, {step.recipe, Outcome::aborted, not_started_message(graph, *stopped_by), {}});
      continue;
    }
    enter(step, Phase::running);
    decisions.emplace_back(
        Attempt{StepId{*next}, step.recipe, output_names(step.outputs, step.wanted), step.limits});
  }
}

// Nobody needs it any more.

void Plan::State::release(StepIndex first) {
  std::vector<StepIndex> stack{first};
  while (!stack.empty()) {
    const StepIndex index = stack.back();
    stack.pop_back();
    if (needs.is_needed(index)) continue;
    Step& step = steps[index];
    switch (step.phase) {
      case Phase::idle:
      case Phase::asking:  // its answer finds that nobody needs it
      case Phase::failed:
        break;
      case Phase::to_ask:
        enter(step, Phase::idle);
        break;
      case Phase::waiting:
      case Phase::ready:
        while (needs.has_needs(index)) {
          const auto need = needs.first_from(index);
          stack.push_back(needs[need].step);
          needs.remove(need);
        }
        put_back_recipes(index);
        enter(step, Phase::idle);
        break;
      case Phase::running:
        if (!std::exchange(step.cancelling, true)) decisions.emplace_back(Cancel{StepId{index}});
        break;
    }
  }
}

void Plan::State::settle() {
  // Asking comes last, so that a Query speaks for all who need the step by then.
  for (;;) {
    if (!to_notify.empty()) {
      for (const StepIndex step : std::exchange(to_notify, {})) notify(step);
    } else if (!to_prepare.empty()) {
      for (const StepIndex step : std::exchange(to_prepare, {})) prepare(step);
    } else if (!to_ask.empty()) {
      for (const StepIndex step : std::exchange(to_ask, {})) ask(step);
    } else {
      return;
    }
  }
}

}  // namespace grange
