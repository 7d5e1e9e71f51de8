#include "farm/build_driver.h"

#include <algorithm>
#include <condition_variable>
#include <utility>

#include <unistd.h>

#include "base/error.h"
#include "build/derivation_file.h"
#include "derivation/attributes.h"
#include "farm/local_machine.h"
#include "store/first_reader.h"

namespace grange {
BuildDriver::BuildDriver(Workshop& workshop, FarmRecorder& recorder, StepLogs& logs,
                         const Clock& clock, Options options)
    : workshop_(workshop),
      recorder_(recorder),
      logs_(logs),
      clock_(clock),
      options_(std::move(options)),
      origin_(clock.now()),
      monotonic_origin_(clock.monotonic()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

BuildDriver::~BuildDriver() {
  thread_.request_stop();
  changed_.notify_all();
  thread_.join();
}

void BuildDriver::add(std::vector<QueuedBuild> builds) {
  const MutexLock lock(mutex_);
  for (auto& build : builds) to_add_.push_back(std::move(build));
  if (awake_ != nullptr) awake_->wake();
  changed_.notify_all();
}

void BuildDriver::cancel(const std::vector<std::int64_t>& builds) {
  const MutexLock lock(mutex_);
  to_cancel_.insert(to_cancel_.end(), builds.begin(), builds.end());
  if (awake_ != nullptr) awake_->wake();
  changed_.notify_all();
}

void BuildDriver::change(const std::vector<BuildChange>& builds) {
  const MutexLock lock(mutex_);
  to_change_.insert(to_change_.end(), builds.begin(), builds.end());
  if (awake_ != nullptr) awake_->wake();
  changed_.notify_all();
}

void BuildDriver::set_drained(bool drained) {
  const MutexLock lock(mutex_);
  new_drained_ = drained_ = drained;
  if (awake_ != nullptr) awake_->wake();
  changed_.notify_all();
}

bool BuildDriver::drained() const {
  const MutexLock lock(mutex_);
  return drained_;
}

void BuildDriver::set_shares(std::map<std::uint32_t, double> shares) {
  const MutexLock lock(mutex_);
  new_shares_ = std::move(shares);
  if (awake_ != nullptr) awake_->wake();
  changed_.notify_all();
}

void BuildDriver::add_past(std::vector<UsageLedger::Past> past) {
  const MutexLock lock(mutex_);
  new_past_ = std::move(past);
  changed_.notify_all();
}

void BuildDriver::tick() {
  const MutexLock lock(mutex_);
  ticked_ = true;
  if (awake_ != nullptr) awake_->wake();
  changed_.notify_all();
}

std::vector<RunningStep> BuildDriver::running() const {
  const MutexLock lock(mutex_);
  std::vector<RunningStep> steps;
  for (const auto& [recipe, running] : running_) steps.push_back(running.step);
  std::sort(steps.begin(), steps.end(),
            [](const RunningStep& a, const RunningStep& b) { return a.id < b.id; });
  return steps;
}

Plan::Counts BuildDriver::counts() const {
  const MutexLock lock(mutex_);
  return counts_;
}

std::size_t BuildDriver::waiting() const {
  const MutexLock lock(mutex_);
  return waiting_;
}

void BuildDriver::run(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    const MutexLock lock(mutex_);
    if (awake_ != nullptr) awake_->wake();
    changed_.notify_all();
  });
  while (!stop.stop_requested()) {
    try {
      serve(stop);
    } catch (const std::exception& error) {
      options_.warn(std::string("the plan of builds is begun anew: ") + error.what());
    }
    end_plan();
    if (stop.stop_requested()) break;
    // Everything that was asked for is asked for again, after a pause in case that fails, too.
    const MutexLock lock(mutex_);
    changed_.wait_until(mutex_, std::chrono::steady_clock::now() + std::chrono::seconds(1));
    for (const auto& [build, wanted] : wanted_) to_add_.push_back(wanted.queued);
    wanted_.clear();
  }
}

void BuildDriver::serve(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    take_inbox();
    bool busy = false;
    if (engine_) {
      busy = engine_->turn(stop);
      settle();
      // What nobody waits for is forgotten: what it had seen may not be there for ever.
      if (!busy && by_request_.empty()) end_plan();
    }
    if (busy) continue;
    const MutexLock lock(mutex_);
    ticked_ = false;
    while (to_add_.empty() && to_cancel_.empty() && to_change_.empty() && questions_.empty() &&
           !new_drained_ && !new_shares_ && new_past_.empty() && !ticked_ &&
           !stop.stop_requested()) {
      changed_.wait(mutex_);
    }
  }
}

/// The order begins with what jobsets used in the last day, whichever plan it was in.
void BuildDriver::begin_plan() {
  FairReady::Owner owner;
  owner.class_of = [this](DerivationIndex derivation) { return class_of(derivation); };
  owner.expected_seconds = [this](DerivationIndex derivation) {
    return derivation < foreseen_.size() ? foreseen_[derivation].seconds : 0.0;
  };
  ready_.emplace(std::move(owner));
  ready_->advance(steady_now());
  ready_->set_machines({this_machine()});
  for (const auto& [jobset, share] : shares_) ready_->set_share(jobset, share);
  for (const auto& past : past_) ready_->add_past(past);
  realise_.jobs = std::max(1U, options_.jobs);
  realise_.ready = &*ready_;
  session_ = workshop_.store().session();
  builder_ = workshop_.builder_in(*session_);
  engine_.emplace(*graph_, workshop_.eval_store(), *session_, *builder_, realise_,
                  static_cast<RealiseObserver&>(*this));
  const MutexLock lock(mutex_);
  awake_ = &*engine_;
}

FarmMachine BuildDriver::this_machine() const {
  return local_machine(workshop_.config(), options_.jobs, is_drained_);
}

/// What no machine here can make is let through: it ends at once, saying what is missing.
StepClass BuildDriver::class_of(DerivationIndex derivation) {
  StepClass of{"builtin", {}, 0};
  try {
    StepClass asked{std::string(graph_->system(derivation)), {}, 0};
    if (graph_->may_need_features(derivation)) {
      const auto file = read_derivation_file(*graph_, derivation, reader_);
      asked.features = DerivationAttributes::parse(file).required_features;
      std::sort(asked.features.begin(), asked.features.end());
    }
    if (MachineSlots::suits(this_machine(), asked)) of = std::move(asked);
  } catch (const Error&) {
    // The attempt will say what is wrong with it.
  }
  if (derivation < foreseen_.size()) {
    foreseen_[derivation].system = &*systems_.insert(of.system).first;
  }
  return of;
}

void BuildDriver::end_plan() {
  {
    const MutexLock lock(mutex_);
    awake_ = nullptr;
  }
  if (engine_) {
    try {
      engine_->give_up();
    } catch (const std::exception& error) {
      options_.warn(error.what());
    }
  }
  engine_.reset();
  builder_.reset();
  if (session_) recorder_.add(SessionEnded{std::move(session_)});
  ready_.reset();
  order_.reset();
  graph_.reset();
  foreseen_.clear();
  by_request_.clear();
  by_derivation_.clear();
  finished_.clear();
  resolved_failures_.clear();
  for (auto& [build, wanted] : wanted_) wanted.request.reset();
}

void BuildDriver::take_inbox() {
  std::vector<QueuedBuild> add;
  std::vector<BuildChange> change;
  std::vector<std::int64_t> cancel;
  std::vector<std::shared_ptr<Question>> questions;
  std::optional<bool> drained;
  std::optional<std::map<std::uint32_t, double>> shares;
  std::vector<UsageLedger::Past> past;
  {
    const MutexLock lock(mutex_);
    add.swap(to_add_);
    change.swap(to_change_);
    cancel.swap(to_cancel_);
    questions.swap(questions_);
    drained = std::exchange(new_drained_, std::nullopt);
    shares = std::exchange(new_shares_, std::nullopt);
    past.swap(new_past_);
  }
  const auto now = clock_.now();
  if (ready_) ready_->advance(steady_now());
  for (auto& one : past) {
    if (ready_) ready_->add_past(one);
    past_.push_back(std::move(one));
  }
  while (!past_.empty() && past_.front().to < steady_now() - UsageLedger::kWindow)
    past_.pop_front();
  if (shares) {
    shares_ = *std::move(shares);
    for (const auto& [jobset, share] : shares_) {
      if (ready_) ready_->set_share(jobset, share);
    }
  }
  if (drained) {
    is_drained_ = *drained;
    if (ready_) ready_->set_drained(0, is_drained_);
  }
  for (auto next = to_retry_.begin(); next != to_retry_.end();) {
    if (!options_.retries.is_due(next->first, now)) {
      ++next;
      continue;
    }
    const auto build = next->second;
    next = to_retry_.erase(next);
    const auto found = wanted_.find(build);
    if (found == wanted_.end()) continue;
    auto again = found->second.queued;
    again.retry_at.reset();
    wanted_.erase(found);
    add.push_back(std::move(again));
  }
  if (!add.empty()) admit(std::move(add));
  for (const auto& queued : change) {
    const auto found = wanted_.find(queued.build);
    if (found == wanted_.end()) continue;
    auto& wanted = found->second.queued;
    wanted.bumped = queued.bumped.value_or(wanted.bumped);
    wanted.limits = queued.limits.value_or(wanted.limits);
    if (!found->second.request) continue;
    if (queued.limits) {
      ask_otherwise(found->second);
    } else {
      engine_->change(*found->second.request,
                      {wanted.jobset, wanted.bumped, wanted.limits.priority});
    }
  }
  for (const auto build : cancel) take_back(build);
  if (!questions.empty()) {
    for (const auto& question : questions) question->find();
    const MutexLock lock(mutex_);
    for (const auto& question : questions) question->answered = true;
    changed_.notify_all();
  }
  const MutexLock lock(mutex_);
  waiting_ = wanted_.size();
}

void BuildDriver::admit(std::vector<QueuedBuild> builds) {
  std::vector<StorePath> roots;
  std::vector<Wanted*> fresh;
  const auto& config = workshop_.config();
  const auto evaluated =
      StoreLocation::at_root(config.eval_store_root, config.store_dir).real_store;
  for (auto& build : builds) {
    const auto id = build.build;
    if (wanted_.contains(id)) continue;
    // A wish's is in the store, and stays there while its client waits.
    if (!build.wish && ::access((evaluated / build.derivation.base_name()).c_str(), F_OK) != 0) {
      give_up_without_derivation(build);
      continue;
    }
    if (build.retry_at) {
      to_retry_.emplace(*build.retry_at, id);
      wanted_.emplace(id, Wanted{std::move(build), {}, 0, {}});
      continue;
    }
    roots.push_back(build.derivation);
    fresh.push_back(&wanted_.emplace(id, Wanted{std::move(build), {}, 0, {}}).first->second);
  }
  if (fresh.empty()) return;
  if (!reader_) {  // not before: the first evaluation makes the eval store
    // What clients of the daemon socket ask for is in the store alone.
    reader_ = first_reader(directory_reader(workshop_.eval_store().location().real_store),
                           directory_reader(workshop_.store().location().real_store));
    realise_.policy = workshop_.policy();
    realise_.substituters = &workshop_.substituters();
    realise_.known_failure = [this](const TriedRecipe& tried, const BuildPolicy& policy) {
      std::optional<BuildResult> failure;
      const auto wishes = listeners(tried.output_set, tried.recipe);
      const bool again = std::any_of(wishes.begin(), wishes.end(),
                                     [](const auto& wish) { return wish->tries_again(); });
      if (!again) failure = known_failure(tried, policy);
      if (!failure) return failure;
      if (!graph_->find(tried.recipe)) {
        resolved_failures_.emplace(tried.recipe.name(), tried.recipe);
      }
      for (const auto& wish : wishes) {
        wish->failed_before(tried.output_set, tried.recipe, *failure);
      }
      return failure;
    };
  }
  GraphOptions options;
  options.may_grow = true;
  options.stop = thread_.get_stop_token();
  if (!graph_) {
    graph_ = DerivationGraph::load(workshop_.config().store_dir, roots, reader_, options);
  } else {
    graph_->extend(roots, reader_, options);
  }
  foresee();
  if (!engine_) begin_plan();
  engine_->forget_failures();  // the record still knows those that last
  for (auto* wanted : fresh) {
    const auto& queued = wanted->queued;
    wanted->derivation = graph_->find(queued.derivation).value();
    wanted->request = ask_engine(*wanted);
    by_derivation_.emplace(wanted->derivation, queued.build);
    if (queued.wish) {
      join_running(queued.wish);
    } else {
      join_running_step(*wanted);
    }
  }
}

/// Asks the record about the derivations that have just come.
void BuildDriver::foresee() {
  const auto first = foreseen_.size();
  foreseen_.resize(graph_->size());
  std::vector<DerivationIndex> asked;
  std::vector<TriedRecipe> recipes;
  std::vector<DurationQuery> durations;
  for (auto i = first; i < foreseen_.size(); ++i) {
    const auto index = static_cast<DerivationIndex>(i);
    const auto set = graph_->output_set(index);
    if (!set) continue;
    asked.push_back(index);
    recipes.push_back({set, graph_->path(index), graph_->kind(index) == DerivationKind::fixed});
    durations.push_back({*set, std::string(graph_->derivation_name(index))});
  }
  if (asked.empty()) return;
  if (options_.known_failures) {
    const auto failures = options_.known_failures(recipes, realise_.policy);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      foreseen_[asked[i]].has_not_failed = !failures[i].has_value();
    }
  }
  if (options_.expected_durations) {
    const auto seconds = options_.expected_durations(durations);
    for (std::size_t i = 0; i < asked.size(); ++i) foreseen_[asked[i]].seconds = seconds[i];
  }
}

std::optional<BuildResult> BuildDriver::known_failure(const TriedRecipe& tried,
                                                      const BuildPolicy& policy) {
  const auto index = graph_->find(tried.recipe);
  if (index && *index < foreseen_.size() &&
      std::exchange(foreseen_[*index].has_not_failed, false)) {
    return std::nullopt;
  }
  if (!options_.known_failures) return std::nullopt;
  return options_.known_failures({&tried, 1}, policy).front();
}

void BuildDriver::take_back(std::int64_t build) {
  const auto found = wanted_.find(build);
  if (found == wanted_.end()) return;
  const auto& wanted = found->second;
  if (wanted.request) {
    engine_->withdraw(*wanted.request);
    by_request_.erase(*wanted.request);
    const auto [begin, end] = by_derivation_.equal_range(wanted.derivation);
    const auto entry = std::find_if(begin, end, [&](const auto& it) { return it.second == build; });
    if (entry != end) by_derivation_.erase(entry);
  }
  if (wanted.queued.retry_at) to_retry_.erase({*wanted.queued.retry_at, build});
  wanted_.erase(found);
}

std::size_t BuildDriver::ask_engine(const Wanted& wanted) {
  const auto& queued = wanted.queued;
  RealiseRequest request{wanted.derivation, queued.outputs, queued.limits, {}, {}};
  request.requester = {queued.jobset, queued.bumped, queued.limits.priority};
  const auto number = engine_->request(request);
  by_request_.emplace(number, queued.build);
  return number;
}

/// A step that runs already, for somebody else or for what depends on it, is made for it, too.
void BuildDriver::join_running_step(Wanted& wanted) {
  {
    const MutexLock lock(mutex_);
    const auto found = running_.find(wanted.derivation);
    if (found == running_.end()) return;
    found->second.builds.push_back(wanted.queued.build);
    wanted.started = found->second.step.started;
  }
  recorder_.add(BuildsJoined{{wanted.queued.build}});
}

/// What is being made for it goes on meanwhile.
void BuildDriver::ask_otherwise(Wanted& wanted) {
  const auto before = *wanted.request;
  wanted.request = ask_engine(wanted);
  by_request_.erase(before);
  engine_->withdraw(before);
}

void BuildDriver::settle() {
  if (finished_.empty()) return;
  engine_->register_learnt();
  for (const auto request : std::exchange(finished_, {})) {
    const auto found = by_request_.find(request);
    if (found == by_request_.end()) continue;  // withdrawn since
    const auto build = found->second;
    by_request_.erase(found);
    auto& wanted = wanted_.at(build);
    const auto [begin, end] = by_derivation_.equal_range(wanted.derivation);
    const auto entry = std::find_if(begin, end, [&](const auto& it) { return it.second == build; });
    if (entry != end) by_derivation_.erase(entry);
    settle(wanted, engine_->result(request));
  }
}

void BuildDriver::settle(Wanted& wanted, const Realised& realised) {
  wanted.request.reset();
  if (wanted.queued.wish) return settle_wish(wanted, realised);
  if (realised.outcome == Outcome::aborted &&
      wanted.queued.tries + 1 < options_.retries.most_tries) {
    retry_later(wanted, realised);
    return;
  }
  const auto now = clock_.now();
  FinishedBuild finished;
  finished.build = wanted.queued.build;
  finished.outcome = realised.outcome;
  finished.made = realised.made;
  finished.started = wanted.started.value_or(now);
  finished.stopped = now;
  finished.message = realised.message;
  finished.outputs = realised.outputs;
  finished.jobset = wanted.queued.jobset;
  for (const auto input : realised.failed_inputs) {
    finished.failed_inputs.push_back(std::string(graph_->base_name(input)));
    add_resolved_failures(input, finished.failed_inputs);
  }
  if (is_lasting_failure(realised.outcome)) {
    finished.failed_inputs.push_back(wanted.queued.derivation.base_name());
    add_resolved_failures(wanted.derivation, finished.failed_inputs);
  }
  recorder_.add(std::move(finished));
  wanted_.erase(wanted.queued.build);
}

/// By the name, which resolving leaves as it is: where two that failed have the same one, a restart
/// tries both again.
void BuildDriver::add_resolved_failures(DerivationIndex recipe,
                                        std::vector<std::string>& names) const {
  const auto [begin, end] =
      resolved_failures_.equal_range(std::string(graph_->path(recipe).name()));
  for (auto at = begin; at != end; ++at) names.push_back(at->second.base_name());
}

/// A collection of the eval store took it: one that is asked for again long after its evaluation.
void BuildDriver::give_up_without_derivation(const QueuedBuild& build) {
  FinishedBuild finished;
  finished.build = build.build;
  finished.jobset = build.jobset;
  finished.outcome = Outcome::aborted;
  finished.started = finished.stopped = clock_.now();
  finished.message = "its derivation '" + build.derivation.base_name() +
                     "' is not in the eval store any more: its jobset must be evaluated again";
  recorder_.add(std::move(finished));
}

void BuildDriver::retry_later(Wanted& wanted, const Realised& realised) {
  const auto pause = options_.retries.pause(wanted.queued.tries);
  ++wanted.queued.tries;
  wanted.started.reset();
  const auto at = clock_.now() + std::chrono::duration_cast<TimePoint::duration>(pause);
  wanted.queued.retry_at = at;
  to_retry_.emplace(at, wanted.queued.build);
  recorder_.add(BuildPostponed{wanted.queued.build, at, realised.message});
}

std::string BuildDriver::policy() const {
  auto policy = workshop_.policy();
  policy.mode = BuildPolicy::Mode::normal;
  return policy_text(policy);
}

}  // namespace grange
