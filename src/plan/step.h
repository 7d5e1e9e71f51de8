#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "derivation/build_result.h"
#include "derivation/derivation_graph.h"
#include "derivation/output_set.h"
#include "plan/interest_sets.h"
#include "plan/need_list.h"
#include "plan/output_mask.h"
#include "plan/plan.h"

namespace grange {

using PolicyIndex = std::uint32_t;
using PromiseIndex = std::uint32_t;

/// A recipe's place in the order of trying, lower first: what was asked for last, then (among those
/// that came with one want) inputs before what uses them, which have higher indices.
struct RecipeRank {
  std::int64_t age;
  DerivationIndex recipe;
  friend auto operator<=>(const RecipeRank&, const RecipeRank&) = default;
};

/// Why one recipe did not give the outputs.
struct FailedRecipe {
  DerivationIndex recipe;
  Outcome outcome;
  std::string message;
  std::vector<DerivationIndex> culprits{};  ///< what failed itself: the recipe, or below it
  bool through_input = false;
};

/// What those who need a step make of it, joined: passed on to what it needs (plan_standing.cc).
struct Standing {
  InterestId interest = InterestSets::kNobody;
  std::uint32_t age = std::numeric_limits<std::uint32_t>::max();  ///< the first of the wants
  double path = 0;  ///< seconds of the longest chain up to a want, with the step's own
  friend bool operator==(const Standing&, const Standing&) = default;
};

enum class Phase : std::uint8_t {
  idle,       ///< nobody needs more of it than it has
  to_ask,     ///< a recipe will be chosen and a Query decided
  asking,     ///< a Query is open; the recipe is chosen
  waiting,    ///< for inputs
  resolving,  ///< a Resolve is open
  ready,      ///< for a slot
  twin,       ///< another step is making what this one comes to
  running,    ///< an Attempt is open
  failed,     ///< no recipe left, or aborted
};

/// As what a step is counted.
enum class Tally : std::uint8_t {
  none,
  present,
  cut_off,
  made,
  failed,
  dependency_failed,
  aborted
};

/// The making of one promise under one policy. Plain data; the engine holds the rules.
struct Step {
  PromiseIndex promise = 0;
  PolicyIndex policy = 0;
  /// The recipe that is asked about, prepared or attempted; while idle the newest asked for.
  DerivationIndex recipe = 0;
  bool fixed = false;         ///< several recipes may be tried, one after the other
  bool recipe_taken = false;  ///< it is out of `untried`, and has not failed
  bool ask_queued = false;    ///< it is in the engine's list of those to ask
  bool query_open = false;
  bool resolve_open = false;
  bool resolved_again = false;  ///< since another step made what it comes to
  bool cancelling = false;      ///< a Cancel was decided for the open Attempt
  bool input_failed = false;    ///< one of the inputs that it waited for will not come
  bool made = false;            ///< by an attempt of this run
  Phase phase = Phase::idle;
  Tally tally = Tally::none;
  Outcome outcome = Outcome::good;  ///< of those outputs that it has: good or failed_with_output
  std::uint64_t failed_at = 0;      ///< what was known when it failed (StepTable::knowledge)
  OutputMask wanted = 0;
  OutputMask asked = 0;  ///< by the open Query
  OutputMask have = 0;
  OutputMask absent = 0;  ///< were asked about and not there
  StepLimits limits;
  Standing standing;
  double seconds = 0;                   ///< that it will probably take itself
  std::optional<OutputSetId> comes_to;  ///< once resolved, for its present attempt
  std::vector<std::string> outputs;     ///< declared names, sorted
  std::vector<FailedRecipe> failures;   ///< in the order of trying
  std::size_t decisive = 0;             ///< which of them it failed by, once it has

  /// For fixed ones: what may still be tried, and what goes before the rest of it.
  std::set<RecipeRank> untried;
  std::optional<DerivationIndex> preferred;
  /// Steps that wait for the inputs of further recipes on behalf of this one (plan_deadlock.cc),
  /// and of such a helper, whose it is.
  std::vector<StepIndex> helpers;
  std::optional<StepIndex> helper_of;

  bool has(OutputMask specified) const { return (specified & ~have) == 0; }
  const FailedRecipe& failure() const { return failures[decisive]; }
};

}  // namespace grange
