#pragma once

#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "plan/interest_sets.h"
#include "plan/need_list.h"
#include "plan/plan.h"
#include "plan/ready_queue.h"
#include "plan/step.h"
#include "plan/step_table.h"

namespace grange {

/// Is it a derivation that nobody can make?
bool is_broken(DerivationGraph::State state);

/// Adds what is not in `to` yet, up to Plan::kMaxFailedInputs.
void add_culprits(std::vector<DerivationIndex>& to, const std::vector<DerivationIndex>& from);

/// The engine behind Plan. Events change it at once where that is simple, and leave the rest in
/// queues; `settle` works these off, so that nothing recurses however deep the graph, and so that
/// events which come together (all the wants of a run) are seen together.
struct Plan::State {
  State(const DerivationGraph& of, const Options& with, Ranking ranking);

  struct Want {
    StepIndex step = 0;
    DerivationIndex derivation = 0;
    bool open = true;
    bool withdrawn = false;
    InterestId interest = InterestSets::kNobody;
    OutputMask outputs = 0;
    NeedList::Id need = NeedList::kNone;  ///< while open and waiting
  };
  enum class Attached : std::uint8_t { has, waits, failed };

  // plan_presence.cc: a step is needed, and asked about.
  Attached attach_want(WantIndex want, const StepLimits& limits);
  Attached attach_input(StepIndex from, StepIndex step, OutputMask outputs);
  std::optional<Attached> attached_already(StepIndex step, OutputMask outputs);
  void after_attach(StepIndex step, OutputMask outputs, const StepLimits& limits,
                    const Standing& standing, bool first);
  OutputMask unknown_outputs(const Step& step, OutputMask outputs) const;
  bool reopen(Step& step);
  void begin(StepIndex step);
  void queue_ask(StepIndex step);
  void ask(StepIndex step);
  void query(StepIndex step, OutputMask outputs);
  void answered(StepIndex step, OutputMask present);
  void failed_before(StepIndex step, const BuildResult& result);
  void begin_making(StepIndex step);
  bool is_needed_for(StepIndex step, OutputMask outputs) const;

  // plan_state.cc: its inputs are needed, it is attempted, or it is needed no more.
  void prepare(StepIndex step);
  void complete(StepIndex step);
  bool find_inputs(StepIndex step);
  void inputs_failed(StepIndex step);
  void make_ready(StepIndex step);
  void start_ready();
  void release(StepIndex step);
  void leave_inputs(StepIndex step);
  void put_back_recipe(StepIndex step);
  void put_back_recipes(StepIndex step);
  void settle();
  void enter(Step& step, Phase phase);
  void count_as(Step& step, Tally tally);

  // plan_resolve.cc: it is asked what it comes to once its inputs are known.
  bool needs_resolving(DerivationIndex recipe) const;
  void resolve(StepIndex step);
  void resolved(StepIndex step, const std::optional<OutputSetId>& output_set, OutputMask present);
  bool wait_for_twin(StepIndex step);
  void twin_ended(StepIndex step, const BuildResult& result);

  // plan_outcome.cc: how it ends.
  void conclude(StepIndex step, const BuildResult& result);
  void gain(StepIndex step, OutputMask outputs, Tally as);
  void fail_recipe(StepIndex step, FailedRecipe failure);
  void fail(StepIndex step);
  void abort(StepIndex step, FailedRecipe why);
  void notify(StepIndex step);
  void finish_want(WantIndex want);
  void finish_want(WantIndex want, Outcome outcome, std::string message);
  void failure_seen(DerivationIndex recipe);
  void forget_failures();

  // plan_limits.cc
  void raise_limits(StepIndex step, const StepLimits& limits);
  void pass_limits_on();

  // plan_standing.cc: who has an interest in it, and for how long it holds others up.
  Standing handed_down(const Want& want, WantIndex index) const;
  Standing handed_down(StepIndex from, StepIndex to) const;
  void begin_standing(StepIndex step, const Standing& handed);
  void raise_standing(StepIndex step, const Standing& handed);
  /// Nobody looks at it, and there is one requester only.
  bool all_the_same() const {
    return options.ready == nullptr && !options.expected_seconds && interests.size() <= 2;
  }
  bool join_standing(StepIndex step, const Standing& handed);
  void pass_standing_on();
  void reconsider_standing();
  std::vector<StepIndex> below(const std::vector<StepIndex>& roots);
  void work_out_standing(StepIndex step);
  void tell_changed(StepIndex step);
  ReadyStep ready_step(StepIndex step) const;
  std::uint32_t level(StepIndex step) const;

  // plan_deadlock.cc
  bool is_stuck() const;
  void untangle();
  void release_unreachable();
  std::vector<std::vector<StepIndex>> innermost_circles() const;
  bool try_other_recipes(const std::vector<StepIndex>& circle);
  void add_helper(StepIndex step);
  void dismiss_helper(StepIndex helper);
  void helper_ready(StepIndex helper);
  void helper_failed(StepIndex helper, FailedRecipe failure);
  void give_up_one(const std::vector<StepIndex>& circle);

  const DerivationGraph& graph;
  Options options;
  StepTable steps;
  NeedList needs;
  InterestSets interests;
  ReadyQueue own_queue;  ///< where the owner has none
  ReadySteps& ready;
  std::vector<Want> wants;
  std::vector<Decision> decisions;

  std::vector<StepIndex> to_notify;
  std::vector<StepIndex> to_complete;
  std::vector<StepIndex> to_release;
  std::vector<StepIndex> to_ask;
  std::vector<StepIndex> have_failed;  ///< since failures were last forgotten
  /// Steps whose limits have grown while they wait; what uses others before what it uses.
  std::priority_queue<std::pair<DerivationIndex, StepIndex>> to_pass_limits;
  /// Steps whose standing has risen while they wait, likewise.
  std::priority_queue<std::pair<std::uint32_t, StepIndex>> to_pass_standing;
  /// Steps that somebody needs no more, or otherwise: what they and all below stand for is worked
  /// out anew.
  std::vector<StepIndex> to_reconsider;
  std::vector<std::uint32_t> reached_in;  ///< by step: see `below`
  std::uint32_t reach_number = 0;
  std::vector<InterestId> interests_of_users;  ///< of the step that is being worked out
  struct Input {
    StepIndex step;
    OutputMask outputs;
  };
  std::vector<Input> inputs;  ///< of the step that is being prepared: see find_inputs

  /// What steps come to, and how far that is.
  struct Twins {
    std::optional<StepIndex> running;
    bool made = false;
    std::optional<FailedRecipe> failure;
    std::vector<StepIndex> parked;  ///< in the phase `twin`, unless they have left it since
  };
  std::map<std::pair<PolicyIndex, OutputSetId>, Twins> twins;

  bool withdrawn_late = false;  ///< some want was, between its finishing and its being told
  std::size_t open_wants = 0;
  std::size_t open_queries = 0;
  std::size_t ready_count = 0;
  std::optional<DerivationIndex> stopped_by;  ///< nothing new starts since this failed
  Counts counts;
};

}  // namespace grange
