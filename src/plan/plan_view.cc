#include "plan/plan_state.h"

namespace grange {
namespace {

Plan::View::Doing doing_in(const Step& step) {
  using Doing = Plan::View::Doing;
  switch (step.phase) {
    case Phase::idle:
    case Phase::failed:
      return Doing::nothing;
    case Phase::to_ask:
    case Phase::asking:
      return Doing::asked;
    case Phase::waiting:
      return Doing::waits_for_inputs;
    case Phase::resolving:
      return Doing::resolving;
    case Phase::ready:
      return Doing::ready;
    case Phase::twin:
      return Doing::waits_for_same;
    case Phase::running:
      return Doing::running;
  }
  return Doing::nothing;
}

}  // namespace

Plan::View Plan::view(StepId id) const {
  const State& state = *state_;
  const auto index = static_cast<StepIndex>(id);
  const Step& step = state.steps[index];
  View view;
  view.doing = doing_in(step);
  view.recipe = step.recipe;
  view.interest = state.interests[step.standing.interest];
  view.path = step.standing.path;
  view.age = step.standing.age;
  const auto show_inputs = [&](StepIndex of) {
    for (auto need = state.needs.first_from(of); need != NeedList::kNone;
         need = state.needs.next_from(need)) {
      ++view.input_count;
      if (view.inputs.size() < kMaxShownInputs) {
        view.inputs.push_back(StepId{state.needs[need].step});
      }
    }
  };
  if (step.phase == Phase::waiting) {
    show_inputs(index);
    for (const StepIndex helper : step.helpers) show_inputs(helper);
  }
  if (step.phase == Phase::twin) {
    const auto found = state.twins.find({step.policy, *step.comes_to});
    if (found != state.twins.end() && found->second.running) {
      view.same = StepId{*found->second.running};
    }
  }
  return view;
}

StepId Plan::step_of(WantId want) const {
  return StepId{state_->wants[static_cast<WantIndex>(want)].step};
}

}  // namespace grange
