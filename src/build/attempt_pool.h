#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/parallel.h"
#include "base/thread_annotations.h"
#include "build/builder.h"
#include "build/realise.h"
#include "build/resolved_recipe.h"
#include "derivation/derivation_graph.h"

namespace grange {

/// Runs attempts on its own threads and collects how they ended. What an attempt throws is a value
/// here: it counts as aborted, with the error's text. One owner; only the observer's `log` and
/// `phase` are called from other threads. The destructor cancels what still runs and waits for it.
class AttemptPool {
 public:
  struct Ended {
    StepId step;
    DerivationIndex recipe;
    BuildResult result;
  };

  AttemptPool(const DerivationGraph& graph, DerivationReader reader, Builder& builder,
              RealiseObserver& observer, unsigned threads);
  ~AttemptPool();
  AttemptPool(const AttemptPool&) = delete;
  AttemptPool& operator=(const AttemptPool&) = delete;

  struct Task {
    Plan::Attempt attempt;
    BuildPolicy policy;
    /// What is built in place of the recipe, where it had to be resolved.
    std::shared_ptr<const ResolvedRecipe> resolved;
    bool register_realisations = false;
  };
  void start(Task task);
  /// From now on at least so many run at once, as far as there are.
  void grow(unsigned threads);
  void cancel(StepId step);
  void cancel_all();
  /// How many were started and not yet returned by `wait`.
  std::size_t running() const { return running_.size(); }
  /// Those that ended since the last call, at least one of them unless stopped or woken meanwhile.
  std::vector<Ended> wait(const std::stop_token& stop);
  /// Lets the owner's next `wait`, or the one that it is in, return. From any thread.
  void wake();

 private:
  /// What an attempt needs of the graph, gathered by the owner: it may change while it runs.
  struct Prepared {
    Task task;
    BuildRequest request;
  };
  BuildResult run(Prepared& prepared, const std::stop_token& stop);
  BuildResult build(Prepared& prepared, const std::stop_token& stop);
  BuildRequest request_for(const Task& task) const;

  const DerivationGraph& graph_;
  const StoreDir store_dir_;
  DerivationReader reader_;
  Builder& builder_;
  RealiseObserver& observer_;
  unsigned thread_count_;
  std::map<StepId, std::stop_source> running_;
  Mutex mutex_;
  std::condition_variable_any any_ended_;
  std::vector<Ended> ended_ GUARDED_BY(mutex_);
  bool woken_ GUARDED_BY(mutex_) = false;
  std::optional<ThreadPool> threads_;  ///< last, so that its threads end before what they use
};

}  // namespace grange
