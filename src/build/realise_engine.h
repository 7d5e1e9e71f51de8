#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "build/attempt_pool.h"
#include "build/fetch_queue.h"
#include "build/known_outputs.h"
#include "build/realise.h"

namespace grange {

/// The loop plan + store + builder, driven by its owner, who may ask for more, and withdraw what
/// he asked for, between two rounds. See `realise` for what happens. One owner thread; `wake` may
/// be called from any. When it is destroyed it cancels what runs and waits.
class RealiseEngine {
 public:
  /// All must outlive it. `graph` may be extended between two rounds.
  RealiseEngine(const DerivationGraph& graph, LocalStore& eval_store, LocalStore& store,
                Builder& builder, const RealiseOptions& options, RealiseObserver& observer);

  /// The number of the request, by which the observer hears that it has finished.
  std::size_t request(const RealiseRequest& request);
  /// Nobody waits for it any more: what only it needed is cancelled.
  void withdraw(std::size_t request);
  void add_recipe(DerivationIndex recipe) { plan_.add_recipe(recipe); }
  /// See Plan::forget_failures.
  void forget_failures() { plan_.forget_failures(); }
  /// A request that has not finished is made on behalf of somebody else, or otherwise.
  void change(std::size_t request, const Requester& requester);
  /// How many attempts may run at once from the next round on.
  void set_jobs(unsigned jobs);

  /// Carries out what there is to decide, then answers what is asked, or waits until an attempt or
  /// a fetch ends, or somebody wakes it. False, at once, when there is nothing left to do.
  bool turn(const std::stop_token& stop);
  /// Waits until somebody wakes it or `stop` is requested; for when there is nothing to do.
  void wait(const std::stop_token& stop) { take_ended(stop); }
  /// Lets `turn` or `wait` return.
  void wake() { pool_.wake(); }
  /// What may start has changed (shares, machines, time): the next round looks again, and comes at
  /// once. From any thread.
  void look_for_work() { wake(); }
  /// How far the step of a request is, and which it is.
  Plan::View view(StepId step) const { return plan_.view(step); }
  StepId step_of(std::size_t request) const;
  /// The first of the requests that need it, directly or through others.
  std::optional<std::size_t> first_request(StepId step) const;
  const Plan& plan() const { return plan_; }
  bool keeps_realisations() const { return known_.keeps_realisations(); }
  /// Registers what was learnt and not registered yet.
  void register_learnt();
  /// Cancels what runs and waits for it; answers how many attempts that were.
  std::size_t give_up();

  /// What a request that has finished came to. Registered first: see register_learnt.
  Realised result(std::size_t request) const;

 private:
  /// What is asked, and what its recipe came to.
  using ResolvedStep = std::pair<Plan::Resolve, std::shared_ptr<const ResolvedRecipe>>;

  void carry_out(std::vector<Plan::Decision> decisions);
  void start(const Plan::Attempt& attempt);
  void answer_queries();
  std::vector<std::vector<std::string>> present(const std::vector<Plan::Query>& queries);
  bool is_fetching() const { return fetches_ && fetches_->running() > 0; }
  bool may_be_fetched(StepId step, DerivationIndex recipe) const;
  FetchQueue::Ticket fetch(Fetchable what, const std::set<DerivationIndex>& recipes);
  void take_fetched();
  bool refuse(StepId step, DerivationIndex recipe, const Fetchable& needed,
              const FetchQueue::Ended& fetched);
  void answer(const Plan::Query& query, const std::vector<std::string>& present);
  void answer_resolves();
  void answer_all(std::vector<ResolvedStep> steps, const FetchQueue::Ended& fetched);
  std::shared_ptr<const ResolvedRecipe> resolve_or_refuse(const Plan::Resolve& resolve);
  void refuse_impure_inputs(DerivationIndex recipe) const;
  void answer(const Plan::Resolve& resolve, std::shared_ptr<const ResolvedRecipe> recipe,
              const std::map<std::string, StorePath>& present);
  std::optional<BuildResult> failed_before(const TriedRecipe& recipe, StepId step) const;
  void take_ended(const std::stop_token& stop);
  void tell_end(const AttemptPool::Ended& ended);

  const DerivationGraph& graph_;
  LocalStore& store_;
  const RealiseOptions& options_;
  RealiseObserver& observer_;
  KnownOutputs known_;
  DerivationReader reader_;
  Plan plan_;
  struct Requested {
    RealiseRequest request;
    Plan::Finished finished;
  };
  std::map<WantId, std::size_t> wants_;  ///< which request a want is for
  std::vector<Requested> requests_;
  std::vector<Plan::Query> queries_;                                  ///< not answered yet
  std::vector<Plan::Resolve> resolves_;                               ///< not answered yet
  std::map<StepId, std::shared_ptr<const ResolvedRecipe>> resolved_;  ///< to be attempted
  /// Not answered before something was fetched.
  std::map<FetchQueue::Ticket, std::vector<Plan::Query>> waiting_queries_;
  std::map<FetchQueue::Ticket, std::vector<ResolvedStep>> waiting_resolves_;
  std::size_t told_conflicts_ = 0;
  AttemptPool pool_;
  std::optional<FetchQueue> fetches_;  ///< last: it wakes the pool's owner
};

}  // namespace grange
