#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "derivation/build_result.h"
#include "derivation/derivation_graph.h"
#include "derivation/output_set.h"
#include "derivation/store_path.h"
#include "plan/ready_steps.h"
#include "plan/requester.h"
#include "plan/step_id.h"
#include "plan/step_limits.h"

namespace grange {

/// Under which conditions a step may be made: part of its key, so that an unsandboxed result never
/// answers a sandboxed request of the same run.
struct BuildPolicy {
  enum class Mode : std::uint8_t { normal, check, repair };
  /// Relaxed: sandboxed, but for those derivations that set __noChroot.
  enum class Sandbox : std::uint8_t { sandboxed, unsandboxed, relaxed };
  Mode mode = Mode::normal;
  Sandbox sandbox = Sandbox::sandboxed;
  std::vector<std::string> sandbox_paths;  ///< what is visible besides; sorted
  std::vector<std::string> features;       ///< sorted
  std::vector<std::string> host_paths;     ///< what __impureHostDeps may name; sorted
  friend auto operator<=>(const BuildPolicy&, const BuildPolicy&) = default;
};

/// The one engine: the step graph as a pure state machine, (state, event) → decisions. No I/O, no
/// clock, no threads; equal events give equal decisions. One owner.
///
/// A *want* asks for outputs of one derivation; it points at a *step*, the making of one output set
/// under one policy, in which several wants (and several recipes of the same output set) meet. For
/// each step the plan first asks whether the wanted outputs are there (`Query`), then makes its
/// inputs, then asks for an attempt. A step has failed only when every known recipe has: a
/// fixed-output step that failed with one recipe is asked about again, and tried with the next;
/// other recipes than fixed-output ones have the same inputs and do the same, so one is enough.
/// Known are the recipes that wants bring, with all that lies below them, and those of
/// `add_recipe`. What was asked for last goes first, except where that would wait for itself.
///
/// A step is needed while a want waits for it, directly or through others, and each recipe is
/// attempted at most once (unless its attempt was cancelled because nobody needed it). What waits
/// for a step that was aborted is aborted; what waits for one that failed has failed through a
/// dependency, once its other inputs have come to an end, too. A derivation that is missing,
/// malformed or cyclic cannot be made by anybody: it is `unsupported`, and nothing is made for what
/// lies above it.
///
/// Whoever asks for a want (a `Requester`, by default one for all) has an *interest* in each step
/// that it needs, directly or through others. What is ready is ranked by a `ReadySteps`, to which
/// that interest, and how long the chain of what waits for the step is, are told as they change.
///
/// The owner carries out each decision and answers it with the matching event, in any order.
class Plan {
 public:
  static constexpr std::size_t kMaxFailedInputs = 8;

  /// Which of these outputs of the step are valid in the destination store? Answer with `presence`,
  /// or with `known_failure`. Only for the mode `normal`; a check or repair is attempted in any
  /// case.
  struct Query {
    StepId step;
    DerivationIndex recipe;
    std::vector<std::string> outputs;  ///< the wanted names that are not known to be there
  };
  /// All inputs are there, and now it can be said what it comes to: what must be made when inputs
  /// are replaced by what they were realised as? Decided for what has inputs and whose paths depend
  /// on them (floating, deferred, impure; fixed ones with `Options::resolve_fixed`). Answer with
  /// `resolved`, or with `known_failure`.
  struct Resolve {
    StepId step;
    DerivationIndex recipe;
  };
  /// Try to make it now: all inputs are there. A good attempt makes all declared outputs. Answer
  /// with `finished`.
  struct Attempt {
    StepId step;
    DerivationIndex recipe;
    std::vector<std::string> outputs;  ///< the wanted names
    StepLimits limits;
  };
  /// Nobody needs a running attempt any more. It still answers with `finished`.
  struct Cancel {
    StepId step;
  };
  /// What a want came to. Exactly one per want, unless it was withdrawn.
  struct Finished {
    WantId want{};
    Outcome outcome = Outcome::unknown;
    std::string message;
    /// For dependency_failed: recipes that failed themselves, in the order of the inputs, at most
    /// kMaxFailedInputs. For aborted through an input: those that were aborted.
    std::vector<DerivationIndex> failed_inputs;
    bool made = false;  ///< an attempt of this run made it; false: it was there
  };
  using Decision = std::variant<Query, Resolve, Attempt, Cancel, Finished>;

  struct Options {
    unsigned slots = 1;      ///< attempts running at once, at least 1
    bool keep_going = true;  ///< false: after the first failure nothing new starts
    bool resolve_fixed = false;
    /// Says what starts, and when; must outlive the plan. Null: priorities and the ranking do, and
    /// there are `slots`, which otherwise mean nothing. Where shares, machines or time have changed
    /// what may start, `take_decisions` looks again.
    ReadySteps* ready = nullptr;
    /// How long an attempt will probably take, asked when a step comes to be needed. Null: paths
    /// are not computed. See ReadyStep::path.
    std::function<double(DerivationIndex)> expected_seconds{};
  };
  /// Orders what is ready with equal priorities, where there is no `Options::ready`: called with
  /// two ready steps' recipes; true when the first goes first. Must be a strict weak order that
  /// does not change. Ties go by the order in which steps became known.
  using Ranking = std::function<bool(DerivationIndex, DerivationIndex)>;

  /// `graph` must outlive the plan, and may be extended between two events.
  Plan(const DerivationGraph& graph, Options options, Ranking ranking = nullptr);
  ~Plan();
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;

  /// How many attempts may run at once from now on, at least 1; those that run go on. Means nothing
  /// where `Options::ready` decides.
  void set_slots(unsigned slots);

  // Events. What they lead to is decided by the next `take_decisions`, so that events which come
  // together are seen together.

  /// Asks for outputs (names; empty: all). Names that the derivation does not declare finish it as
  /// `unsupported`, with a message that names them.
  WantId want(DerivationIndex derivation, std::vector<std::string> outputs,
              const BuildPolicy& policy, const StepLimits& limits, const Requester& requester = {});
  /// From now on it is wanted so: at once, for all that it needs, be it more urgent or less.
  void change(WantId want, const Requester& requester);
  /// Another recipe that may be tried for the output set it has, after those already known. What
  /// has failed without it is looked at again when it is next needed.
  void add_recipe(DerivationIndex derivation);
  /// What has failed and is needed by nobody now may be tried again when it is next needed, as if
  /// it had never been asked about. For owners whose plan outlives failures.
  void forget_failures();
  /// The last requester's leaving cancels what only it needed.
  void withdraw(WantId want);
  /// Answers Query: which of the asked outputs are valid. What is wanted of them and not there
  /// leads to an attempt, whose failure does not touch those who only wanted what is there.
  void presence(StepId step, const std::vector<std::string>& present);
  /// The same where all are there, or none.
  void presence(StepId step, bool all_present);
  /// Answers Resolve: what it comes to promises `output_set` (nothing for impure ones), and of its
  /// own declared outputs these are there. If all that are wanted are, it is cut off: nothing is
  /// made. Otherwise it is attempted; of several steps that come to one output set under one policy
  /// one is, and the others are asked about again when that has succeeded.
  void resolved(StepId step, const std::optional<OutputSetId>& output_set,
                const std::vector<std::string>& present);
  /// Answers Attempt. Aborted says nothing of the recipe: it ends the step as aborted, unless it
  /// was cancelled.
  void finished(StepId step, const BuildResult& result);
  /// Answers Query or Resolve (and only the latter for what is resolved): none of the outputs is
  /// there, and an attempt of an earlier run with this recipe failed in a way that would happen
  /// again. It counts as if it had been made now.
  void known_failure(StepId step, const BuildResult& result);

  /// The decisions since the last call, in order.
  std::vector<Decision> take_decisions();
  /// Nothing runs, nothing is asked, every want has finished or was withdrawn.
  bool idle() const;

  /// How far a step is: for those who ask why it waits.
  struct View {
    enum class Doing : std::uint8_t {
      nothing,           ///< it has ended, or nobody needs more of it
      asked,             ///< whether its outputs are there
      resolving,         ///< what it comes to
      waits_for_inputs,  ///< see `inputs`
      waits_for_same,    ///< another step, `same`, is making what it comes to
      ready,             ///< and not taken by whoever says what starts
      running,
    };
    Doing doing = Doing::nothing;
    DerivationIndex recipe = 0;
    std::vector<StepId> inputs;  ///< that it waits for: the first ones, at most kMaxShownInputs
    std::size_t input_count = 0;
    std::optional<StepId> same;
    std::span<const Requester> interest;
    double path = 0;
    std::uint32_t age = 0;
  };
  static constexpr std::size_t kMaxShownInputs = 8;
  View view(StepId step) const;
  /// The step that a want points at.
  StepId step_of(WantId want) const;

  /// The policy under which a step is made.
  const BuildPolicy& policy(StepId step) const;

  struct Counts {
    std::size_t steps = 0;    ///< known
    std::size_t waiting = 0;  ///< for inputs or for a slot
    std::size_t running = 0;  ///< attempts
    std::size_t present = 0;  ///< were there already
    std::size_t cut_off = 0;  ///< came to what was there already, once their inputs were known
    std::size_t made = 0;
    std::size_t failed = 0;  ///< themselves, not through a dependency
    std::size_t dependency_failed = 0;
    std::size_t aborted = 0;  ///< themselves, or through an input
  };
  Counts counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace grange
