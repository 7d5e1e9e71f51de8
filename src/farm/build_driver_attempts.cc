#include <algorithm>
#include <chrono>
#include <utility>

#include "farm/build_driver.h"

namespace grange {

void BuildDriver::step_started(StepId step, DerivationIndex /*recipe*/) {
  starting_ = step;
}

void BuildDriver::attempt_started(DerivationIndex recipe) {
  Running running{{recorder_.next_step(thread_.get_stop_token()),
                   graph_->path(recipe),
                   0,
                   {},
                   {},
                   clock_.now()},
                  {},
                  starting_,
                  steady_now()};
  auto& step = running.step;
  const auto [begin, end] = by_derivation_.equal_range(recipe);
  for (auto at = begin; at != end; ++at) {
    wanted_.at(at->second).started = step.started;
    if (at->second > 0) running.builds.push_back(at->second);
  }
  std::sort(running.builds.begin(), running.builds.end());
  if (!running.builds.empty()) {
    step.build = running.builds.front();
  } else if (const auto request = engine_->first_request(starting_)) {
    const auto build = by_request_.find(*request);
    if (build != by_request_.end() && build->second > 0) step.build = build->second;
  }
  const auto* system = recipe < foreseen_.size() ? foreseen_[recipe].system : nullptr;
  step.system = system != nullptr ? *system : class_of(recipe).system;
  logs_.begin(step.id);
  StepRow row;
  row.id = step.id;
  row.output_set = graph_->output_set(recipe);
  row.derivation = step.derivation.base_name();
  row.build = step.build;
  row.machine = options_.machine;
  row.system = step.system;
  row.how = "made";
  row.started = step.started;
  running.wishes = listeners(row.output_set, step.derivation);
  for (const auto& wish : running.wishes) wish->attempt_started(step.derivation);
  recorder_.add(StepStarted{std::move(row), running.builds});
  const MutexLock lock(mutex_);
  running_.insert_or_assign(recipe, std::move(running));
}

void BuildDriver::attempt_finished(DerivationIndex recipe, const BuildResult& result) {
  const auto node = [&] {
    const MutexLock lock(mutex_);
    return running_.extract(recipe);
  }();
  if (node.empty()) return;
  const auto& running = node.mapped();
  StepEnded ended;
  auto& row = ended.step;
  row.id = running.step.id;
  row.output_set = graph_->output_set(recipe);
  row.derivation = running.step.derivation.base_name();
  row.build = running.step.build;
  row.machine = options_.machine;
  row.system = running.step.system;
  row.how = result.already_valid ? "present" : "made";
  row.outcome = result.outcome;
  row.started = running.step.started;
  row.stopped = clock_.now();
  row.message = result.message;
  for (const auto& wish : running.wishes) {
    wish->attempt_finished(row.output_set, running.step.derivation, result);
  }
  ended.times = charge(running.step, running.plan_step, running.began, *row.stopped);
  if (result.good() && !result.already_valid && recipe < foreseen_.size()) {
    foreseen_[recipe].seconds = result.seconds();
  }
  if (!result.already_valid) {
    const bool fixed = graph_->kind(recipe) == DerivationKind::fixed;
    const auto text = policy();
    ended.attempts.push_back(
        {graph_->output_set(recipe), running.step.derivation, fixed, text, result});
    // A failure is of what was really tried; what it was resolved from may come to something else.
    if (result.resolved_as && is_lasting_failure(result.outcome)) {
      const auto& resolved = result.resolved_as->derivation;
      resolved_failures_.emplace(resolved.name(), resolved);
    }
    if (result.resolved_as && !fixed) {
      ended.attempts.push_back(
          {result.resolved_as->output_set, result.resolved_as->derivation, false, text, result});
    }
  }
  recorder_.add(std::move(ended));
}

/// Time that passes evenly, whatever becomes of the clock: for what machines are used.
TimePoint BuildDriver::steady_now() const {
  return origin_ +
         std::chrono::duration_cast<TimePoint::duration>(clock_.monotonic() - monotonic_origin_);
}

/// What its time costs those for whom it was made; remembered for the next plan, too.
std::vector<MachineTime> BuildDriver::charge(const RunningStep& step, StepId plan_step,
                                             TimePoint began, TimePoint stopped) {
  UsageLedger::Past past;
  const auto charged = ready_->charged(plan_step);
  past.jobsets.assign(charged.begin(), charged.end());
  past.from = began;
  past.to = steady_now();
  std::vector<MachineTime> times;
  for (const auto jobset : past.jobsets) {
    MachineTime time;
    time.step = step.id;
    time.jobset = jobset;
    time.started = stopped - (past.to - past.from);
    time.stopped = stopped;
    time.core_seconds =
        Seconds(past.to - past.from).count() / static_cast<double>(past.jobsets.size());
    times.push_back(time);
  }
  past_.push_back(std::move(past));
  return times;
}

void BuildDriver::cut_off(DerivationIndex /*recipe*/, const ResolvedAs& /*as*/) {}

void BuildDriver::conflict(const RealisationConflict& conflict) {
  options_.warn("two builds of '" + conflict.id.to_string() + "' differ; the first stays");
}

void BuildDriver::log(DerivationIndex recipe, std::string_view data) {
  std::int64_t step = 0;
  std::vector<std::shared_ptr<WishListener>> wishes;
  std::optional<StorePath> path;
  {
    const MutexLock lock(mutex_);
    const auto found = running_.find(recipe);
    if (found == running_.end()) return;
    step = found->second.step.id;
    wishes = found->second.wishes;
    if (!wishes.empty()) path = found->second.step.derivation;
  }
  logs_.append(step, data);
  for (const auto& wish : wishes) wish->log(*path, data);
}

void BuildDriver::phase(DerivationIndex recipe, std::string_view name) {
  std::optional<Running> told;
  {
    const MutexLock lock(mutex_);
    const auto found = running_.find(recipe);
    if (found == running_.end()) return;
    found->second.step.phase = name;
    if (!found->second.wishes.empty()) told = found->second;
  }
  if (!told) return;
  for (const auto& wish : told->wishes) wish->phase(told->step.derivation, name);
}

void BuildDriver::want_finished(std::size_t request, const Plan::Finished& /*finished*/) {
  finished_.push_back(request);
}

void BuildDriver::progress(const Plan::Counts& counts) {
  const MutexLock lock(mutex_);
  counts_ = counts;
}

}  // namespace grange
