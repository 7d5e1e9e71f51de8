#pragma once

#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "plan/need_list.h"
#include "plan/plan.h"
#include "plan/ready_queue.h"
#include "plan/step.h"
#include "plan/step_table.h"

namespace grange {

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
    OutputMask outputs = 0;
    NeedList::Id need = NeedList::kNone;  ///< while open and waiting
  };
  enum class Attached : std::uint8_t { has, waits, failed };

  // plan_state.cc: a step from its first being needed to its being attempted, or needed no more.
  Attached attach_want(WantIndex want, const StepLimits& limits);
  Attached attach_input(StepIndex from, StepIndex step, OutputMask outputs);
  std::optional<Attached> attached_already(StepIndex step, OutputMask outputs);
  void after_attach(StepIndex step, OutputMask outputs, const StepLimits& limits, bool first);
  bool reopen(Step& step);
  void queue_ask(StepIndex step);
  void ask(StepIndex step);
  void answered(StepIndex step, bool all_present);
  void prepare(StepIndex step);
  bool find_inputs(StepIndex step);
  void inputs_failed(StepIndex step);
  void make_ready(StepIndex step);
  void start_ready();
  void release(StepIndex step);
  void settle();
  void enter(Step& step, Phase phase);
  void count_as(Step& step, Tally tally);

  // plan_outcome.cc: how it ends.
  void conclude(StepIndex step, const BuildResult& result);
  void gain(StepIndex step, OutputMask outputs, Tally as);
  void fail_recipe(StepIndex step, FailedRecipe failure);
  void fail(StepIndex step);
  void abort(StepIndex step, FailedRecipe why);
  void put_back_recipes(StepIndex step);
  void notify(StepIndex step);
  void finish_want(WantIndex want);
  void finish_want(WantIndex want, Outcome outcome, std::string message);
  void failure_seen(DerivationIndex recipe);

  // plan_limits.cc
  void raise_limits(StepIndex step, const StepLimits& limits);
  void pass_limits_on();

  // plan_deadlock.cc
  bool is_stuck() const;
  void untangle();
  void release_unreachable();
  bool try_another_recipe();
  void give_up_one();
  void leave_inputs(StepIndex step);

  const DerivationGraph& graph;
  Options options;
  StepTable steps;
  NeedList needs;
  ReadyQueue ready;
  std::vector<Want> wants;
  std::vector<Decision> decisions;

  std::vector<StepIndex> to_notify;
  std::vector<StepIndex> to_prepare;
  std::vector<StepIndex> to_ask;
  /// Steps whose limits have grown while they wait; what uses others before what it uses.
  std::priority_queue<std::pair<DerivationIndex, StepIndex>> to_pass_limits;
  struct Input {
    StepIndex step;
    OutputMask outputs;
  };
  std::vector<Input> inputs;  ///< of the step that is being prepared: see find_inputs

  std::size_t open_wants = 0;
  std::size_t open_queries = 0;
  std::size_t running = 0;
  std::uint64_t progress = 0;                 ///< grows whenever a step has more than before
  std::optional<DerivationIndex> stopped_by;  ///< nothing new starts since this failed
  Counts counts;
};

}  // namespace grange
