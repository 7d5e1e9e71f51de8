#pragma once

#include <deque>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "derivation/derivation_graph.h"
#include "derivation/output_set.h"
#include "plan/step.h"

namespace grange {

/// What meets where: derivations with equal output sets share a promise (one without output set has
/// its own), and each promise has one step per policy; to check a fixed output is to check one
/// recipe of it, and a step for each. Also keeps which recipes of fixed-output promises are known,
/// and their order. Every derivation is looked at once, however often asked.
class StepTable {
 public:
  /// `keeps_levels`: see `level`.
  StepTable(const DerivationGraph& graph, bool keeps_levels);

  PolicyIndex policy_index(const BuildPolicy& policy);
  const BuildPolicy& policy(PolicyIndex index) const { return *policies_[index]; }
  /// Inputs are made normally even where the step itself is checked or repaired.
  PolicyIndex policy_of_inputs(PolicyIndex index);

  StepIndex step_for(DerivationIndex derivation, PolicyIndex policy);
  Step& operator[](StepIndex step) { return steps_[step]; }
  const Step& operator[](StepIndex step) const { return steps_[step]; }
  std::size_t size() const { return steps_.size(); }  ///< with helpers

  /// A step that is not found by `step_for` and only waits for the inputs of the present recipe of
  /// `step`.
  StepIndex add_helper(StepIndex step);
  void remove_helper(StepIndex helper);
  std::size_t size_without_helpers() const { return steps_.size() - helper_count_; }

  /// A want brings `derivation`: it and all recipes below it become known, before older ones.
  void learn_asked(DerivationIndex derivation);
  /// They become known after all others.
  void learn_further(DerivationIndex derivation);
  /// Grows whenever a step that has failed gains a recipe.
  std::uint64_t knowledge() const { return knowledge_; }

  /// The lowest known recipe of its promise, where that is kept. Where every step goes on with its
  /// lowest one nothing waits in a circle: what a step needs has a lower level then.
  DerivationIndex level(StepIndex step) const { return promises_[steps_[step].promise].lowest; }

  RecipeRank rank(DerivationIndex recipe) const { return {ages_[recipe], recipe}; }

 private:
  struct Promise {
    std::vector<std::pair<PolicyIndex, StepIndex>> steps;
    std::vector<DerivationIndex> recipes;  ///< known ones, where fixed
    DerivationIndex lowest;
  };

  /// Room for what the graph has by now.
  void grow();
  PromiseIndex promise_of(DerivationIndex derivation);
  Step& add_step(DerivationIndex derivation, PolicyIndex policy, PromiseIndex promise);
  StepIndex check_for(DerivationIndex derivation, PolicyIndex policy);
  bool is_fixed(DerivationIndex derivation) const;
  void learn(DerivationIndex derivation, std::int64_t age);
  void add_recipe(DerivationIndex recipe, std::int64_t age);
  void renew(DerivationIndex recipe, std::int64_t age);

  const DerivationGraph& graph_;
  bool keeps_levels_;
  std::vector<PromiseIndex> promises_of_;  ///< by derivation
  std::vector<std::int64_t> ages_;         ///< by derivation
  std::vector<bool> learned_;              ///< by derivation
  std::unordered_map<OutputSetId, PromiseIndex> by_output_set_;
  std::deque<Promise> promises_;
  std::deque<Step> steps_;
  std::map<std::pair<DerivationIndex, PolicyIndex>, StepIndex> checks_;  ///< of fixed outputs
  std::vector<StepIndex> free_helpers_;
  std::size_t helper_count_ = 0;  ///< also the free ones
  std::map<BuildPolicy, PolicyIndex> policy_indices_;
  std::vector<const BuildPolicy*> policies_;
  std::int64_t asked_ = 0;
  std::int64_t further_ = 0;
  std::uint64_t knowledge_ = 0;
};

}  // namespace grange
