#include "build/attempt_pool.h"

#include <exception>
#include <utility>

#include "base/error.h"
#include "build/derivation_file.h"

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
      store_dir_(graph.store_dir()),
      reader_(std::move(reader)),
      builder_(builder),
      observer_(observer),
      thread_count_(threads) {}

AttemptPool::~AttemptPool() {
  cancel_all();
}

void AttemptPool::start(Task task) {
  if (!threads_) threads_.emplace(thread_count_);
  std::stop_source stop;
  running_.insert_or_assign(task.attempt.step, stop);
  auto request = request_for(task);
  const auto prepared = std::make_shared<Prepared>(Prepared{std::move(task), std::move(request)});
  threads_->post([this, prepared, token = stop.get_token()] {
    BuildResult result = run(*prepared, token);
    result.check = prepared->task.policy.mode != BuildPolicy::Mode::normal;
    const auto& attempt = prepared->task.attempt;
    const MutexLock lock(mutex_);
    ended_.push_back({attempt.step, attempt.recipe, std::move(result)});
    any_ended_.notify_all();
  });
}

void AttemptPool::grow(unsigned threads) {
  if (threads <= thread_count_) return;
  thread_count_ = threads;
  if (threads_) threads_->grow(threads);
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
    while (ended_.empty() && !woken_ && !stop.stop_requested()) any_ended_.wait(mutex_);
    ended.swap(ended_);
    woken_ = false;
  }
  for (const auto& one : ended) running_.erase(one.step);
  return ended;
}

void AttemptPool::wake() {
  const MutexLock lock(mutex_);
  woken_ = true;
  any_ended_.notify_all();
}

BuildResult AttemptPool::run(Prepared& prepared, const std::stop_token& stop) {
  BuildResult result;
  try {
    result = stop.stop_requested() ? ended_without(Outcome::aborted, "cancelled")
                                   : build(prepared, stop);
  } catch (const std::exception& error) {
    result = ended_without(Outcome::aborted, error.what());
  } catch (...) {
    result = ended_without(Outcome::aborted, "an unknown error");
  }
  if (const auto& resolved = prepared.task.resolved) {
    result.resolved_as = {resolved->path, resolved->output_set};
  }
  return result;
}

/// All but the derivation itself.
BuildRequest AttemptPool::request_for(const Task& task) const {
  const DerivationIndex recipe = task.attempt.recipe;
  BuildRequest request{graph_.path(recipe), nullptr, {}, {}, {}, task.policy, task.attempt.limits};
  request.wanted.insert(task.attempt.outputs.begin(), task.attempt.outputs.end());
  if (task.resolved) {
    request.unresolved_path = std::exchange(request.derivation_path, task.resolved->path);
    request.output_paths = task.resolved->outputs;
    if (task.register_realisations) request.drv_output_hash = task.resolved->drv_output_hash;
    return request;
  }
  for (const auto& name : graph_.output_names(recipe)) {
    if (auto path = graph_.output_path(recipe, name)) {
      request.output_paths.emplace(name, *std::move(path));
    }
  }
  if (task.register_realisations && graph_.kind(recipe) != DerivationKind::impure) {
    request.drv_output_hash = graph_.drv_output_hash(recipe);
  }
  for (const auto& edge : graph_.inputs(recipe)) {
    for (const auto& name : graph_.input_outputs(edge)) {
      if (auto path = graph_.output_path(edge.input, name)) {
        request.input_paths.insert(*std::move(path));
      }
    }
  }
  return request;
}

BuildResult AttemptPool::build(Prepared& prepared, const std::stop_token& stop) {
  auto& request = prepared.request;
  std::optional<Derivation> read;
  if (const auto& resolved = prepared.task.resolved) {
    request.derivation = &resolved->derivation;
  } else {
    try {
      read = read_derivation_file(store_dir_, request.derivation_path, reader_);
    } catch (const InvalidError& error) {
      return ended_without(Outcome::unsupported, error.what());
    }
    request.derivation = &*read;
  }
  RecipeObserver observer(observer_, prepared.task.attempt.recipe);
  return builder_.build(request, observer, stop);
}

}  // namespace grange
