#include "plan/plan.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "plan/plan_messages.h"
#include "plan/plan_state.h"

namespace grange {
namespace {

StepIndex index_of(StepId step) {
  return static_cast<StepIndex>(step);
}

}  // namespace

Plan::Plan(const DerivationGraph& graph, Options options, Ranking ranking)
    : state_(std::make_unique<State>(graph, options, std::move(ranking))) {}
Plan::~Plan() = default;
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;

WantId Plan::want(DerivationIndex derivation, std::vector<std::string> outputs,
                  const BuildPolicy& policy, const StepLimits& limits, const Requester& requester) {
  State& state = *state_;
  const auto index = static_cast<WantIndex>(state.wants.size());
  State::Want& want = state.wants.emplace_back();
  ++state.open_wants;
  want.derivation = derivation;
  want.interest = state.interests.single(requester);
  state.steps.learn_asked(derivation);
  want.step = state.steps.step_for(derivation, state.steps.policy_index(policy));
  const auto& declared = state.steps[want.step].outputs;
  if (declared.empty()) {  // it could not be read, which is found when it is its turn
    want.outputs = 1;
  } else if (outputs.empty()) {
    want.outputs = all_outputs(declared.size());
  } else if (const auto mask = output_mask(declared, outputs)) {
    want.outputs = *mask;
  } else {
    state.failure_seen(derivation);
    state.finish_want(index, Outcome::unsupported,
                      unknown_output_message(state.graph, derivation, declared, outputs));
    return WantId{index};
  }
  if (state.attach_want(index, limits) != State::Attached::waits) state.finish_want(index);
  return WantId{index};
}

void Plan::change(WantId id, const Requester& requester) {
  State::Want& want = state_->wants[static_cast<WantIndex>(id)];
  want.interest = state_->interests.single(requester);
  if (want.open) state_->to_reconsider.push_back(want.step);
}

void Plan::add_recipe(DerivationIndex derivation) {
  state_->steps.learn_further(derivation);
}

void Plan::forget_failures() {
  state_->forget_failures();
}

void Plan::withdraw(WantId id) {
  State::Want& want = state_->wants[static_cast<WantIndex>(id)];
  want.withdrawn = true;
  if (!std::exchange(want.open, false)) {
    state_->withdrawn_late = true;
    return;
  }
  --state_->open_wants;
  state_->needs.remove(std::exchange(want.need, NeedList::kNone));
  state_->to_release.push_back(want.step);
  state_->to_reconsider.push_back(want.step);
}

void Plan::presence(StepId step, const std::vector<std::string>& present) {
  const auto mask = output_mask(state_->steps[index_of(step)].outputs, present);
  GRANGE_CHECK(mask.has_value());
  state_->answered(index_of(step), *mask);
}

void Plan::presence(StepId step, bool all_present) {
  state_->answered(index_of(step), all_present ? state_->steps[index_of(step)].asked : 0);
}

void Plan::resolved(StepId step, const std::optional<OutputSetId>& output_set,
                    const std::vector<std::string>& present) {
  const auto mask = output_mask(state_->steps[index_of(step)].outputs, present);
  GRANGE_CHECK(mask.has_value());
  state_->resolved(index_of(step), output_set, *mask);
}

void Plan::finished(StepId step, const BuildResult& result) {
  GRANGE_CHECK(state_->steps[index_of(step)].phase == Phase::running);
  state_->conclude(index_of(step), result);
}

void Plan::known_failure(StepId step, const BuildResult& result) {
  GRANGE_CHECK(!result.good());
  state_->failed_before(index_of(step), result);
}

void Plan::set_slots(unsigned slots) {
  state_->own_queue.set_slots(std::max(1U, slots));
}

std::vector<Plan::Decision> Plan::take_decisions() {
  for (;;) {
    state_->settle();
    state_->pass_limits_on();
    state_->pass_standing_on();
    state_->reconsider_standing();
    state_->start_ready();
    if (!state_->to_notify.empty()) continue;
    if (!state_->is_stuck()) break;
    state_->untangle();
  }
  if (std::exchange(state_->withdrawn_late, false)) {
    std::erase_if(state_->decisions, [this](const Decision& decision) {
      const auto* finished = std::get_if<Finished>(&decision);
      return finished != nullptr && state_->wants[static_cast<WantIndex>(finished->want)].withdrawn;
    });
  }
  return std::exchange(state_->decisions, {});
}

bool Plan::idle() const {
  return state_->open_wants == 0 && state_->open_queries == 0 && state_->counts.running == 0;
}

const BuildPolicy& Plan::policy(StepId step) const {
  return state_->steps.policy(state_->steps[index_of(step)].policy);
}

Plan::Counts Plan::counts() const {
  Counts counts = state_->counts;
  counts.steps = state_->steps.size_without_helpers();
  return counts;
}

}  // namespace grange
