#include <algorithm>
#include <utility>

#include "plan/plan_messages.h"
#include "plan/plan_state.h"

namespace grange {

void add_culprits(std::vector<DerivationIndex>& to, const std::vector<DerivationIndex>& from) {
  for (const DerivationIndex culprit : from) {
    if (to.size() == Plan::kMaxFailedInputs) return;
    if (std::find(to.begin(), to.end(), culprit) == to.end()) to.push_back(culprit);
  }
}

void Plan::State::conclude(StepIndex index, const BuildResult& result) {
  Step& step = steps[index];
  const bool attempted = step.phase == Phase::running;
  if (attempted) ready.ended(StepId{index});
  if (attempted && step.comes_to) twin_ended(index, result);
  const bool cancelled = std::exchange(step.cancelling, false);
  if (attempted && (result.good() || result.outcome == Outcome::failed_with_output)) {
    step.made = !result.already_valid;
    if (!result.good()) {
      step.outcome = result.outcome;
      step.decisive = step.failures.size();
      step.failures.push_back({step.recipe, result.outcome, result.message, {step.recipe}});
    }
    gain(index, all_outputs(step.outputs.size()), step.made ? Tally::made : Tally::present);
    return;
  }
  switch (result.outcome) {
    case Outcome::good:
    case Outcome::dependency_failed:
    case Outcome::unknown:
    case Outcome::cancelled:
    case Outcome::aborted:
      break;
    default:
      fail_recipe(index, {step.recipe, result.outcome, result.message});
      return;
  }
  if (cancelled || !needs.is_needed(index)) {  // our own doing: it says nothing
    put_back_recipes(index);
    enter(step, Phase::idle);
    if (needs.is_needed(index)) begin(index);
    return;
  }
  abort(index, {step.recipe, Outcome::aborted, result.message});
}

void Plan::State::gain(StepIndex index, OutputMask outputs, Tally as) {
  Step& step = steps[index];
  step.have |= outputs;
  count_as(step, as);
  put_back_recipes(index);
  enter(step, Phase::idle);
  to_notify.push_back(index);
}

void Plan::State::fail_recipe(StepIndex index, FailedRecipe failure) {
  Step& step = steps[index];
  if (failure.culprits.empty()) failure.culprits.push_back(step.recipe);
  if (step.helper_of) {
    helper_failed(index, std::move(failure));
    return;
  }
  step.failures.push_back(std::move(failure));
  step.recipe_taken = false;
  if (!step.untried.empty()) {
    enter(step, Phase::idle);
    if (needs.is_needed(index)) begin(index);
  } else if (!step.helpers.empty()) {
    enter(step, Phase::waiting);
  } else {
    fail(index);
  }
}

void Plan::State::abort(StepIndex index, FailedRecipe why) {
  Step& step = steps[index];
  if (step.helper_of) {
    helper_failed(index, std::move(why));
    return;
  }
  if (why.culprits.empty()) why.culprits.push_back(step.recipe);
  step.failures.push_back(std::move(why));
  put_back_recipes(index);
  fail(index);
}

/// No recipe is left, or one was aborted, which leaves it open what the step would have come to.
/// Otherwise what a recipe itself came to says more than that an input of it failed.
void Plan::State::fail(StepIndex index) {
  Step& step = steps[index];
  const auto first = [&](auto&& is_it) {
    return std::find_if(step.failures.begin(), step.failures.end(),
                        [&](const auto& failure) { return is_it(failure.outcome); });
  };
  auto decisive = first([](Outcome outcome) { return outcome == Outcome::aborted; });
  Tally tally = Tally::aborted;
  if (decisive == step.failures.end()) {
    decisive = first([](Outcome outcome) { return outcome != Outcome::dependency_failed; });
    tally = Tally::failed;
  }
  if (decisive == step.failures.end()) {
    decisive = step.failures.begin();
    for (const auto& failure : step.failures) add_culprits(decisive->culprits, failure.culprits);
    tally = Tally::dependency_failed;
  }
  step.decisive = static_cast<std::size_t>(decisive - step.failures.begin());
  step.failed_at = steps.knowledge();
  count_as(step, tally);
  enter(step, Phase::failed);
  to_notify.push_back(index);
  have_failed.push_back(index);
  failure_seen(step.recipe);
}

void Plan::State::forget_failures() {
  std::erase_if(have_failed, [this](StepIndex index) {
    Step& step = steps[index];
    if (step.phase != Phase::failed) return true;  // taken up again since
    if (needs.is_needed(index) || step.query_open) return false;
    if (step.fixed) {
      for (const auto& failure : step.failures) step.untried.insert(steps.rank(failure.recipe));
    }
    step.failures.clear();
    step.decisive = 0;
    step.absent = 0;
    step.recipe_taken = false;
    step.resolved_again = false;
    step.comes_to.reset();
    count_as(step, Tally::none);
    enter(step, Phase::idle);
    return true;
  });
  // What others came to and failed is not remembered either.
  std::erase_if(twins, [](const auto& entry) {
    return !entry.second.running && !entry.second.made && entry.second.parked.empty();
  });
}

void Plan::State::failure_seen(DerivationIndex recipe) {
  if (!options.keep_going && !stopped_by) stopped_by = recipe;
}

void Plan::State::notify(StepIndex index) {
  Step& step = steps[index];
  bool any_left = false;
  for (auto id = needs.first_for(index); id != NeedList::kNone;) {
    const auto next = needs.next_for(id);
    const NeedList::Need need = needs[id];
    const bool has = step.has(need.outputs);
    if (has || (step.phase == Phase::failed && unknown_outputs(step, need.outputs) == 0)) {
      needs.remove(id);
      any_left = true;
      if (need.from_want) {
        wants[need.from].need = NeedList::kNone;
        finish_want(need.from);
      } else {
        if (!has) steps[need.from].input_failed = true;
        if (!needs.has_needs(need.from)) to_complete.push_back(need.from);
      }
    }
    id = next;
  }
  if (!needs.is_needed(index)) return;
  if (any_left) to_reconsider.push_back(index);
  if (step.phase == Phase::idle) begin(index);
  if (step.phase == Phase::failed) queue_ask(index);
}

void Plan::State::finish_want(WantIndex index) {
  const Want& want = wants[index];
  const Step& step = steps[want.step];
  if (step.has(want.outputs)) {
    const bool good = step.outcome == Outcome::good;
    finish_want(index, step.outcome, good ? "" : step.failure().message);
    return;
  }
  const FailedRecipe& failure = step.failure();
  std::string message;
  if (!failure.through_input) {
    message = failed_message(graph, step.failures, failure);
  } else {
    const DerivationIndex culprit = failure.culprits.front();
    const StepIndex below = steps.step_for(culprit, steps.policy_of_inputs(step.policy));
    message = through_input_message(graph, failure.culprits, steps[below].failure());
  }
  finish_want(index, failure.outcome, std::move(message));
}

void Plan::State::finish_want(WantIndex index, Outcome outcome, std::string message) {
  Want& want = wants[index];
  const Step& step = steps[want.step];
  want.open = false;
  --open_wants;
  Finished finished{WantId{index}, outcome, std::move(message), {}, false};
  if (want.outputs != 0 && step.has(want.outputs)) {
    finished.made = step.made;
  } else if (want.outputs != 0 && step.failure().through_input) {
    finished.failed_inputs = step.failure().culprits;
  }
  decisions.emplace_back(std::move(finished));
}

}  // namespace grange
