#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "derivation/build_result.h"
#include "derivation/derivation_graph.h"
#include "derivation/output_set.h"
#include "derivation/store_path.h"

namespace grange {

/// Under which conditions a step may be made: part of its key, so that an unsandboxed result never
/// answers a sandboxed request of the same run.
struct BuildPolicy {
  enum class Mode : std::uint8_t { normal, check, repair };
  enum class Sandbox : std::uint8_t { sandboxed, unsandboxed };
  Mode mode = Mode::normal;
  Sandbox sandbox = Sandbox::sandboxed;
  std::vector<std::string> sandbox_paths;  ///< sorted
  std::vector<std::string> features;       ///< sorted
  friend auto operator<=>(const BuildPolicy&, const BuildPolicy&) = default;
};

/// How long and how loud an attempt may be. Where several wants meet, limits are joined: the
/// longest time and the best priority win; 0 means no limit.
struct StepLimits {
  Seconds timeout{0};
  Seconds max_silent{0};
  std::uint64_t max_log_bytes = 0;
  int priority = 0;  ///< higher first
  StepLimits joined(const StepLimits& other) const;
};

enum class WantId : std::uint32_t {};
enum class StepId : std::uint32_t {};

/// The one engine: the step graph as a pure state machine, (state, event) → decisions. No I/O, no
/// clock, no threads; equal events give equal decisions. One owner.
///
/// A *want* asks for outputs of one derivation; it points at a *step*, the making of one output set
/// under one policy, in which several wants (and several recipes of the same output set) meet. For
/// each step the plan first asks whether the wanted outputs are there (`Query`), then makes its
/// inputs, then asks for an attempt; a fixed-output step that failed with one recipe is tried with
/// the next. A step has failed only when every known recipe has.
///
/// The owner carries out each decision and answers it with the matching event, in any order.
class Plan {
 public:
  /// Is the step's outputs' presence known? Answer with `presence`.
  struct Query {
    StepId step;
    DerivationIndex recipe;
    std::vector<std::string> outputs;  ///< the wanted names
  };
  /// Try to make it now: all inputs are there. Answer with `finished`.
  struct Attempt {
    StepId step;
    DerivationIndex recipe;
    std::vector<std::string> outputs;
    StepLimits limits;
  };
  /// Nobody needs a running attempt any more. It still answers with `finished`.
  struct Cancel {
    StepId step;
  };
  /// What a want came to. Exactly one per want, unless it was withdrawn.
  struct Finished {
    WantId want;
    Outcome outcome;
    std::string message;
    /// For dependency_failed: the steps' recipes that failed themselves, smallest set first found.
    std::vector<DerivationIndex> failed_inputs;
    bool made = false;  ///< an attempt of this run made it; false: it was there
  };
  using Decision = std::variant<Query, Attempt, Cancel, Finished>;

  struct Options {
    unsigned slots = 1;      ///< attempts running at once
    bool keep_going = true;  ///< false: after the first failure nothing new starts
  };
  /// Orders what is ready: called with two ready steps' representatives; true when the first goes
  /// first. Ties go by the order in which steps became known.
  using Ranking = std::function<bool(DerivationIndex, DerivationIndex)>;

  /// `graph` must outlive the plan. Recipes of one output set that the caller knows, in the order
  /// in which they should be tried, beyond those that wants bring: `add_recipe`.
  Plan(const DerivationGraph& graph, Options options, Ranking ranking = nullptr);
  ~Plan();
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;

  // Events. Each appends what it decides to `decisions()`.

  /// Asks for outputs (names; empty: all). Unknown names finish at once with `output_rejected`'s
  /// sibling `unsupported` and a message that names them.
  WantId want(DerivationIndex derivation, std::vector<std::string> outputs,
              const BuildPolicy& policy, const StepLimits& limits);
  /// Another recipe that may be tried for the output set it has, after those already known.
  void add_recipe(DerivationIndex derivation);
  /// The last requester's leaving cancels what only it needed.
  void withdraw(WantId want);
  /// Answers Query: are all the asked outputs valid in the destination store?
  void presence(StepId step, bool all_present);
  /// Answers Attempt.
  void finished(StepId step, const BuildResult& result);
  /// A known lasting failure of an earlier run for this step: it finishes as that without an
  /// attempt.
  void known_failure(StepId step, const BuildResult& result);

  /// The decisions since the last call, in order.
  std::vector<Decision> take_decisions();
  /// Nothing runs, nothing is asked, every want has finished or was withdrawn.
  bool idle() const;

  struct Counts {
    std::size_t steps = 0;    ///< known
    std::size_t waiting = 0;  ///< for inputs or for a slot
    std::size_t running = 0;  ///< attempts
    std::size_t present = 0;  ///< were there already
    std::size_t made = 0;
    std::size_t failed = 0;  ///< themselves, not through a dependency
    std::size_t dependency_failed = 0;
  };
  Counts counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace grange
