#include "base/check.h"
#include "plan/plan_messages.h"
#include "plan/plan_state.h"

namespace grange {

// A step is needed, and it is asked whether its outputs are there: before anything else, and again
// whenever outputs are wanted that nobody has asked about, whatever the step does by then. One
// Query per step is open at a time.

std::optional<Plan::State::Attached> Plan::State::attached_already(StepIndex index,
                                                                   OutputMask outputs) {
  Step& step = steps[index];
  if (step.has(outputs)) return Attached::has;
  if (step.phase != Phase::failed || reopen(step)) return std::nullopt;
  if ((outputs & unknown_outputs(step, outputs)) != 0) return std::nullopt;
  return Attached::failed;
}

/// Those of `outputs` of which it is not known whether they are there, although that could be
/// asked.
OutputMask Plan::State::unknown_outputs(const Step& step, OutputMask outputs) const {
  const bool can_be_asked = graph.state(step.recipe) == DerivationGraph::State::verified &&
                            steps.policy(step.policy).mode == BuildPolicy::Mode::normal;
  return can_be_asked ? outputs & ~step.have & ~step.absent : 0;
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
                               const Standing& standing, bool first) {
  Step& step = steps[index];
  step.wanted |= outputs;
  if (first) {
    step.limits = limits;
    begin_standing(index, standing);
  } else {
    raise_limits(index, limits);
    raise_standing(index, standing);
  }
  if (step.phase == Phase::idle) {
    begin(index);
  } else if (unknown_outputs(step, outputs) != 0) {
    queue_ask(index);
  }
}

Plan::State::Attached Plan::State::attach_want(WantIndex index, const StepLimits& limits) {
  Want& want = wants[index];
  Step& step = steps[want.step];
  const bool not_begun = step.phase == Phase::idle || step.phase == Phase::to_ask;
  if (not_begun && !step.fixed) step.recipe = want.derivation;
  if (const auto already = attached_already(want.step, want.outputs)) return *already;
  const bool first = !needs.is_needed(want.step);
  want.need = needs.add_from_want(index, want.step, want.outputs);
  after_attach(want.step, want.outputs, limits, handed_down(want, index), first);
  return Attached::waits;
}

Plan::State::Attached Plan::State::attach_input(StepIndex from, StepIndex index,
                                                OutputMask outputs) {
  if (const auto already = attached_already(index, outputs)) return *already;
  const bool first = !needs.is_needed(index);
  needs.add_from_step(from, index, outputs);
  const Standing standing = first || !all_the_same() ? handed_down(from, index) : Standing{};
  after_attach(index, outputs, steps[from].limits, standing, first);
  return Attached::waits;
}

void Plan::State::begin(StepIndex index) {
  enter(steps[index], Phase::to_ask);
  queue_ask(index);
}

void Plan::State::queue_ask(StepIndex index) {
  if (std::exchange(steps[index].ask_queued, true)) return;
  to_ask.push_back(index);
}

void Plan::State::ask(StepIndex index) {
  Step& step = steps[index];
  step.ask_queued = false;
  if (step.query_open) return;  // its answer leads here again
  if (step.phase != Phase::to_ask) {
    const OutputMask unknown = unknown_outputs(step, step.wanted);
    if (unknown != 0 && needs.is_needed(index)) query(index, unknown);
    return;
  }
  if (step.fixed) {
    GRANGE_CHECK(!step.untried.empty());
    step.recipe = step.preferred.value_or(step.untried.begin()->recipe);
    step.preferred.reset();
    step.untried.erase(steps.rank(step.recipe));
  }
  step.recipe_taken = true;
  step.absent = 0;
  const auto state = graph.state(step.recipe);
  if (is_broken(state)) {
    fail_recipe(index, {step.recipe, Outcome::unsupported, broken_message(graph, step.recipe)});
  } else if (stopped_by && !step.failures.empty()) {
    abort(index, {step.recipe, Outcome::aborted, not_started_message(graph, *stopped_by)});
  } else if (const OutputMask unknown = unknown_outputs(step, step.wanted); unknown != 0) {
    enter(step, Phase::asking);
    query(index, unknown);
  } else {
    enter(step, Phase::waiting);
    prepare(index);
  }
}

void Plan::State::query(StepIndex index, OutputMask outputs) {
  Step& step = steps[index];
  step.query_open = true;
  step.asked = outputs;
  ++open_queries;
  decisions.emplace_back(Query{StepId{index}, step.recipe, output_names(step.outputs, outputs)});
}

void Plan::State::answered(StepIndex index, OutputMask present) {
  Step& step = steps[index];
  GRANGE_CHECK(step.query_open);
  step.query_open = false;
  --open_queries;
  step.absent |= step.asked & ~present;
  const bool has_more = (present & ~step.have) != 0;
  step.have |= present;
  if (step.phase == Phase::asking) {
    begin_making(index);
  } else if (has_more || step.phase == Phase::failed) {
    notify(index);
    release(index);
  }
  if (step.phase == Phase::to_ask || unknown_outputs(step, step.wanted) != 0) queue_ask(index);
}

void Plan::State::failed_before(StepIndex index, const BuildResult& result) {
  Step& step = steps[index];
  if (step.resolve_open) {
    step.resolve_open = false;
    --open_queries;
    conclude(index, result);
    return;
  }
  if (step.phase != Phase::asking) {  // it is being attempted all the same
    answered(index, 0);
    return;
  }
  GRANGE_CHECK(step.query_open);
  step.query_open = false;
  --open_queries;
  step.absent |= step.asked;
  conclude(index, result);
}

/// It is known which of the outputs asked about are there; for the others it must be made.
void Plan::State::begin_making(StepIndex index) {
  Step& step = steps[index];
  const OutputMask missing = step.asked & ~step.have;
  if (missing == 0) {
    gain(index, step.asked, Tally::present);
    return;
  }
  notify(index);  // whoever needs only what is there is served now, and may be the last
  if (!needs.is_needed(index)) {
    put_back_recipes(index);
    enter(step, Phase::idle);
  } else if (!is_needed_for(index, missing)) {
    put_back_recipes(index);
    begin(index);
  } else if (stopped_by) {
    abort(index, {step.recipe, Outcome::aborted, not_started_message(graph, *stopped_by)});
  } else {
    enter(step, Phase::waiting);
    prepare(index);
  }
}

bool Plan::State::is_needed_for(StepIndex index, OutputMask outputs) const {
  for (auto id = needs.first_for(index); id != NeedList::kNone; id = needs.next_for(id)) {
    if ((needs[id].outputs & outputs) != 0) return true;
  }
  return false;
}

}  // namespace grange
