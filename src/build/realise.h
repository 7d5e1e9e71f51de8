#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "build/builder.h"
#include "derivation/derivation_graph.h"
#include "plan/plan.h"
#include "store/local_store.h"
#include "store/substituters.h"

namespace grange {

/// Outputs that somebody asks for.
struct RealiseRequest {
  DerivationIndex derivation;
  std::vector<std::string> outputs;  ///< empty: all
  StepLimits limits;
  std::optional<BuildPolicy> policy{};  ///< nothing: that of the options
  Requester requester{};                ///< on whose behalf
};

/// What attempts are remembered by (rule 4 of the rules of identity).
struct TriedRecipe {
  std::optional<OutputSetId> output_set;  ///< nothing for impure ones
  StorePath recipe;                       ///< as it is built: resolved where it must be
  bool fixed_output = false;
};

/// What a request came to.
struct Realised : Plan::Finished {
  /// Of the asked outputs, where it is good.
  std::map<std::string, StorePath> outputs;
  /// Under the derivation's own id; none for impure ones, and where the store keeps none.
  std::map<std::string, Realisation> realisations;
};

struct RealiseOptions {
  unsigned jobs = 1;  ///< attempts running at once, at least 1; with `ready`, at most
  bool keep_going = true;
  BuildPolicy policy;
  /// Other recipes of the same output sets, in the order to try them (rule 5).
  std::vector<DerivationIndex> further_recipes;
  /// Lasting failures that earlier runs recorded: asked for each recipe that would be tried because
  /// its outputs are not there, before its inputs are looked at, or, where it must be resolved, as
  /// soon as it is.
  std::function<std::optional<BuildResult>(const TriedRecipe&, const BuildPolicy&)> known_failure;
  Plan::Ranking ranking;
  /// Asked for what is not there, before it is made; unless a derivation forbids it
  /// (allowSubstitutes). Must outlive the call.
  Substituters* substituters = nullptr;
  /// Signs what this run says of the derivations' own ids. (What an attempt itself registers is
  /// the builder's affair.)
  std::function<void(Realisation& realisation)> sign_realisation{};
  /// What a substituter has and could not be fetched is made. False: it counts as aborted.
  bool fallback = true;
  /// Says what starts, and when, in place of priorities and the ranking; must outlive the run. It
  /// must have a slot at last for whatever is ready, or nobody waits for the end of the run.
  ReadySteps* ready = nullptr;
  std::function<double(DerivationIndex)> expected_seconds{};  ///< see Plan::Options
};

/// Hears of everything that happens; called from the thread that runs `realise`, except for `log`
/// and `phase`, which come from the attempts' threads and must be thread safe. An attempt that was
/// started is always told of as finished, also when `realise` is stopped.
class RealiseObserver {
 public:
  virtual ~RealiseObserver() = default;
  /// Just before `attempt_started`: of which step it is an attempt.
  virtual void step_started(StepId /*step*/, DerivationIndex /*recipe*/) {}
  virtual void attempt_started(DerivationIndex recipe) = 0;
  virtual void attempt_finished(DerivationIndex recipe, const BuildResult& result) = 0;
  /// Once its inputs were known it came to what was there already.
  virtual void cut_off(DerivationIndex /*recipe*/, const ResolvedAs& /*as*/) {}
  /// Two builds of one derivation differ; the first stays.
  virtual void conflict(const RealisationConflict& /*conflict*/) {}
  virtual void log(DerivationIndex recipe, std::string_view data) = 0;
  virtual void phase(DerivationIndex recipe, std::string_view name) = 0;
  virtual void want_finished(std::size_t request, const Plan::Finished& finished) = 0;
  virtual void progress(const Plan::Counts& counts) = 0;
  /// Outputs of these are asked of the substituters: who hears how they come? Null: nobody.
  virtual std::shared_ptr<FetchObserver> fetching(const std::set<DerivationIndex>& /*recipes*/) {
    return nullptr;
  }
  /// They could not be fetched, and nothing else is tried (`fallback`).
  virtual void not_fetched(DerivationIndex /*recipe*/, const BuildResult& /*result*/) {}
};

/// The loop plan + store + builder for one process: returns, by request, what each came to. Outputs
/// are asked for, here and of substituters, before inputs are looked at; each was given a temporary
/// root before. An attempt that throws counts as aborted, with the error's text, and other work
/// goes on.
///
/// When stopped it cancels what runs, waits for it, and throws CancelledError. Throws what the
/// stores and the observer throw; then, too, nothing runs any more.
std::vector<Realised> realise(const DerivationGraph& graph, LocalStore& eval_store,
                              LocalStore& store, Builder& builder,
                              const std::vector<RealiseRequest>& requests,
                              const RealiseOptions& options, RealiseObserver& observer,
                              const std::stop_token& stop);

}  // namespace grange
