#include "plan/step_table.h"

#include <algorithm>
#include <limits>

namespace grange {
namespace {

constexpr PromiseIndex kUnknown = std::numeric_limits<PromiseIndex>::max();

}  // namespace

StepTable::StepTable(const DerivationGraph& graph, bool keeps_levels)
    : graph_(graph), keeps_levels_(keeps_levels) {
  grow();
}

void StepTable::grow() {
  promises_of_.resize(graph_.size(), kUnknown);
  ages_.resize(graph_.size(), 0);
  learned_.resize(graph_.size(), false);
}

PolicyIndex StepTable::policy_index(const BuildPolicy& policy) {
  const auto [found, is_new] =
      policy_indices_.try_emplace(policy, static_cast<PolicyIndex>(policies_.size()));
  if (is_new) policies_.push_back(&found->first);
  return found->second;
}

PolicyIndex StepTable::policy_of_inputs(PolicyIndex index) {
  if (policies_[index]->mode == BuildPolicy::Mode::normal) return index;
  BuildPolicy policy = *policies_[index];
  policy.mode = BuildPolicy::Mode::normal;
  return policy_index(policy);
}

PromiseIndex StepTable::promise_of(DerivationIndex derivation) {
  PromiseIndex& promise = promises_of_[derivation];
  if (promise != kUnknown) return promise;
  const auto next = static_cast<PromiseIndex>(promises_.size());
  if (const auto output_set = graph_.output_set(derivation)) {
    promise = by_output_set_.try_emplace(*output_set, next).first->second;
  } else {
    promise = next;
  }
  if (promise == next) {
    promises_.push_back({{}, {}, derivation});
  } else {
    promises_[promise].lowest = std::min(promises_[promise].lowest, derivation);
  }
  return promise;
}

bool StepTable::is_fixed(DerivationIndex derivation) const {
  return graph_.state(derivation) == DerivationGraph::State::verified &&
         graph_.kind(derivation) == DerivationKind::fixed;
}

StepIndex StepTable::step_for(DerivationIndex derivation, PolicyIndex policy) {
  if (is_fixed(derivation) && policies_[policy]->mode != BuildPolicy::Mode::normal) {
    return check_for(derivation, policy);
  }
  const PromiseIndex index = promise_of(derivation);
  Promise& promise = promises_[index];
  for (const auto& [with, step] : promise.steps) {
    if (with == policy) return step;
  }
  const auto index_of_step = static_cast<StepIndex>(steps_.size());
  promise.steps.emplace_back(policy, index_of_step);
  Step& step = add_step(derivation, policy, index);
  step.fixed = is_fixed(derivation);
  for (const DerivationIndex recipe : promise.recipes) step.untried.insert(rank(recipe));
  return index_of_step;
}

StepIndex StepTable::check_for(DerivationIndex derivation, PolicyIndex policy) {
  const auto next = static_cast<StepIndex>(steps_.size());
  const auto [found, is_new] = checks_.try_emplace({derivation, policy}, next);
  if (!is_new) return found->second;
  add_step(derivation, policy, promise_of(derivation));
  return next;
}

Step& StepTable::add_step(DerivationIndex derivation, PolicyIndex policy, PromiseIndex promise) {
  Step& step = steps_.emplace_back();
  step.promise = promise;
  step.policy = policy;
  step.recipe = derivation;
  step.outputs = graph_.output_names(derivation);
  std::sort(step.outputs.begin(), step.outputs.end());
  return step;
}

StepIndex StepTable::add_helper(StepIndex of) {
  StepIndex index;
  if (free_helpers_.empty()) {
    index = static_cast<StepIndex>(steps_.size());
    steps_.emplace_back();
    ++helper_count_;
  } else {
    index = free_helpers_.back();
    free_helpers_.pop_back();
  }
  Step& step = steps_[of];
  Step& helper = steps_[index];
  helper.promise = step.promise;
  helper.policy = step.policy;
  helper.recipe = step.recipe;
  helper.recipe_taken = true;
  helper.limits = step.limits;
  helper.standing = step.standing;
  helper.seconds = step.seconds;
  helper.helper_of = of;
  step.helpers.push_back(index);
  return index;
}

void StepTable::remove_helper(StepIndex helper) {
  std::erase(steps_[*steps_[helper].helper_of].helpers, helper);
  steps_[helper] = Step{};
  free_helpers_.push_back(helper);
}

void StepTable::learn_asked(DerivationIndex derivation) {
  if (derivation >= learned_.size()) grow();
  const std::int64_t age = -++asked_;
  if (learned_[derivation] && is_fixed(derivation)) {
    renew(derivation, age);
  } else {
    learn(derivation, age);
  }
}

void StepTable::learn_further(DerivationIndex derivation) {
  if (derivation >= learned_.size()) grow();
  learn(derivation, ++further_);
}

void StepTable::learn(DerivationIndex derivation, std::int64_t age) {
  std::vector<DerivationIndex> stack{derivation};
  while (!stack.empty()) {
    const DerivationIndex next = stack.back();
    stack.pop_back();
    if (learned_[next]) continue;
    learned_[next] = true;
    if (is_fixed(next)) {
      add_recipe(next, age);
    } else if (keeps_levels_) {
      promise_of(next);
    }
    for (const auto& edge : graph_.inputs(next)) {
      if (!learned_[edge.input]) stack.push_back(edge.input);
    }
  }
}

void StepTable::add_recipe(DerivationIndex recipe, std::int64_t age) {
  ages_[recipe] = age;
  Promise& promise = promises_[promise_of(recipe)];
  promise.recipes.push_back(recipe);
  for (const auto& [policy, index] : promise.steps) {
    steps_[index].untried.insert(rank(recipe));
    if (steps_[index].phase == Phase::failed) ++knowledge_;
  }
}

void StepTable::renew(DerivationIndex recipe, std::int64_t age) {
  const RecipeRank old = rank(recipe);
  ages_[recipe] = age;
  for (const auto& [policy, index] : promises_[promise_of(recipe)].steps) {
    if (steps_[index].untried.erase(old) != 0) steps_[index].untried.insert(rank(recipe));
  }
}

}  // namespace grange
