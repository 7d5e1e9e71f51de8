#include "build/attempt_pool.h"

#include <exception>
#include <utility>

#include "base/error.h"
#include "derivation/aterm.h"

namespace grange {
namespace {

BuildResult ended_without(Outcome outcome, std::string message) {
  BuildResult result;
  result.outcome = outcome;
  result.message = std::move(message);
  return result;
}

class RecipeObserver final : public BuildObserver {
 public:
  RecipeObserver(RealiseObserver& observer, DerivationIndex recipe)
      : observer_(observer), recipe_(recipe) {}
  void log(std::string_view data) override { observer_.log(recipe_, data); }
  void phase(std::string_view name) override { observer_.phase(recipe_, name); }

 private:
  RealiseObserver& observer_;
  DerivationIndex recipe_;
};

}  // namespace

AttemptPool::AttemptPool(const DerivationGraph& graph, DerivationReader reader, Builder& builder,
                         RealiseObserver& observer, unsigned threads)
    : graph_(graph),
      reader_(std::move(reader)),
      builder_(builder),
      observer_(observer),
      thread_count_(threads) {}

AttemptPool::~AttemptPool() {
  cancel_all();
}

void AttemptPool::start(const Plan::Attempt& attempt, const BuildPolicy& policy) {
  if (!threads_) threads_.emplace(thread_count_);
  std::stop_source stop;
  running_.insert_or_assign(attempt.step, stop);
  threads_->post([this, attempt, policy, token = stop.get_token()] {
    BuildResult result = run(attempt, policy, token);
    result.check = policy.mode == BuildPolicy::Mode::check;
    const MutexLock lock(mutex_);
    ended_.push_back({attempt.step, attempt.recipe, std::move(result)});
    any_ended_.notify_all();
  });
}

void AttemptPool::cancel(StepId step) {
  if (const auto found = running_.find(step); found != running_.end()) {
    found->second.request_stop();
  }
}

void AttemptPool::cancel_all() {
  for (auto& [step, stop] : running_) stop.request_stop();
}

std::vector<AttemptPool::Ended> AttemptPool::wait(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    const MutexLock lock(mutex_);
    any_ended_.notify_all();
  });
  std::vector<Ended> ended;
  {
    const MutexLock lock(mutex_);
    while (ended_.empty() && !stop.stop_requested()) any_ended_.wait(mutex_);
    ended.swap(ended_);
  }
  for (const auto& one : ended) running_.erase(one.step);
  return ended;
}

BuildResult AttemptPool::run(const Plan::Attempt& attempt, const BuildPolicy& policy,
                             const std::stop_token& stop) {
  try {
    if (stop.stop_requested()) return ended_without(Outcome::aborted, "cancelled");
    return build(attempt, policy, stop);
  } catch (const std::exception& error) {
    return ended_without(Outcome::aborted, error.what());
  } catch (...) {
    return ended_without(Outcome::aborted, "an unknown error");
  }
}

BuildResult AttemptPool::build(const Plan::Attempt& attempt, const BuildPolicy& policy,
                               const std::stop_token& stop) {
  const DerivationIndex recipe = attempt.recipe;
  BuildRequest request{graph_.path(recipe), nullptr, {}, {}, {}, policy, attempt.limits};
  const StoreDir& store_dir = graph_.store_dir();
  std::string text;
  if (!reader_(request.derivation_path, text)) {
    throw NotFoundError("derivation '" + store_dir.print(request.derivation_path) +
                        "' is no longer there");
  }
  const Derivation derivation =
      parse_aterm(store_dir, request.derivation_path.derivation_name(), text);
  const StorePath own_path = derivation_path(store_dir, derivation, text);
  if (own_path != request.derivation_path) {
    return ended_without(Outcome::unsupported, "the name of derivation '" +
                                                   store_dir.print(request.derivation_path) +
                                                   "' does not match its content: specified '" +
                                                   request.derivation_path.base_name() +
                                                   "', got '" + own_path.base_name() + "'");
  }
  request.derivation = &derivation;
  for (const auto& name : graph_.output_names(recipe)) {
    if (auto path = graph_.output_path(recipe, name)) {
      request.output_paths.emplace(name, *std::move(path));
    }
  }
  request.wanted.insert(attempt.outputs.begin(), attempt.outputs.end());
  for (const auto& edge : graph_.inputs(recipe)) {
    for (const auto& name : graph_.input_outputs(edge)) {
      if (auto path = graph_.output_path(edge.input, name)) {
        request.input_paths.insert(*std::move(path));
      }
    }
  }
  RecipeObserver observer(observer_, recipe);
  return builder_.build(request, observer, stop);
}

}  // namespace grange
