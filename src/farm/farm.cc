#include "farm/farm.h"

#include <algorithm>

#include <malloc.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "build/build_report.h"
#include "farm/jobset_clock.h"
#include "farm/jobset_evaluation.h"
#include "farm/local_machine.h"
#include "farm/target_limits.h"
#include "farm/target_reports.h"
#include "record/attempts.h"
#include "record/evaluation_history.h"
#include "record/good.h"
#include "record/machines.h"
#include "record/rehearsal_mark.h"
#include "record/schema.h"

namespace grange {
namespace {

constexpr std::chrono::seconds kLooksEvery{1};
constexpr std::chrono::seconds kRestsAfter{2};
/// What the database could not take is not brought to it again at once.
constexpr std::chrono::seconds kEvaluatesAgainAfter{5};

}  // namespace

std::optional<QueuedBuild> queued_build(const BuildRow& build, const std::string& facts,
                                        const StepLimits& limits) {
  const auto path = StorePath::try_parse(build.derivation_name);
  if (!path) return std::nullopt;
  const auto parsed = nlohmann::json::parse(facts, nullptr, false);
  std::string meta;
  if (parsed.is_object() && parsed.contains("meta")) meta = parsed["meta"].dump();
  QueuedBuild queued{build.id,
                     static_cast<std::uint32_t>(build.jobset),
                     build.name,
                     *path,
                     limits_in_run(limits_of_meta(meta), limits),
                     build.bumped,
                     build.tries,
                     build.retry_at};
  queued.limits.priority = build.priority;
  return queued;
}

Farm::Farm(FarmConfig config, const Clock& clock, ProcessRunner& programs, HttpClient& http)
    : config_(std::move(config)),
      clock_(clock),
      pool_(config_.database, {}, config_.connections),
      database_(pool_),
      machine_time_(database_, clock),
      logs_(config_.state / "logs"),
      workshop_(config_.workshop, clock),
      fetcher_(config_.fetch, config_.evaluate, programs, http, clock),
      evaluator_(make_nix_evaluator(clock)) {
  migrate_record(*pool_.lend());
  database_.write([&](Database& database) { claim_record(database, config_.workshop.rehearsal); });
  logs_.finish_leftovers();
  FarmRecorder::Options recording;
  recording.complete = [this](const std::vector<FinishedBuild*>& builds) { complete(builds); };
  recording.end_log = [this](std::int64_t step) { logs_.end(step); };
  recording.root = [this](const std::vector<const FinishedBuild*>& builds) { return root(builds); };
  recording.written = [this](const std::vector<const FinishedBuild*>& builds) {
    std::set<std::int64_t> jobsets;
    for (const auto* build : builds) jobsets.insert(build->jobset);
    if (!jobsets.empty()) roots_->builds_ended(jobsets);
  };
  recording.warn = config_.warn;
  const auto eval_store =
      StoreLocation::at_root(config_.workshop.eval_store_root, config_.workshop.store_dir);
  roots_ = std::make_unique<ResultRoots>(
      database_, workshop_.store(),
      ResultRoots::Options{config_.state, eval_store, config_.workshop.sync, config_.warn});
  recorder_ = std::make_unique<FarmRecorder>(database_, bus_, clock_, std::move(recording));
  BuildDriver::Options driving;
  driving.jobs = workshop_.slots();
  const auto machine = database_.write([&](Database& database) {
    return Machines(database).seen(
        machine_row(local_machine(config_.workshop, workshop_.slots(), false)), clock_.now());
  });
  driving.machine = machine_ = machine.id;
  driving.warn = config_.warn;
  // What runs is not given up because the database is away for a while.
  driving.known_failures = [this](std::span<const TriedRecipe> tried, const BuildPolicy& policy) {
    return FarmDatabase::patiently(ending_.get_token(),
                                   [&] { return known_failures(tried, policy); });
  };
  driving.expected_durations = [this](std::span<const DurationQuery> queries) {
    return FarmDatabase::patiently(ending_.get_token(),
                                   [&] { return expected_durations(queries); });
  };
  driver_ = std::make_unique<BuildDriver>(workshop_, *recorder_, logs_, clock_, std::move(driving));
  driver_->set_drained(machine.drained);
  recover();
  watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

Farm::~Farm() {
  ending_.request_stop();
  watcher_.request_stop();
  wake();
  watcher_.join();
  driver_.reset();    // cancels what runs, and tells the recorder
  recorder_.reset();  // writes that
}

void Farm::wake() {
  const MutexLock lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

std::size_t Farm::evaluating() const {
  const MutexLock lock(mutex_);
  return evaluations_.size();
}

/// What a server that died left: evaluations that have failed and are asked for again, steps that
/// were aborted, builds that are still to be made.
void Farm::recover() {
  const auto now = clock_.now();
  std::vector<QueuedBuild> queued;
  database_.write([&](Database& database) {
    queued.clear();
    EvaluationHistory history(database);
    history.fail_running(now, "the server stopped while it ran");
    Jobsets(database).resume_evaluating(now);
    Steps(database).abort_running(now, "the server stopped while it ran");
    std::map<std::int64_t, std::string> facts;
    for (const auto& build : Builds(database).unfinished()) {
      auto& text = facts[build.facts];
      if (text.empty()) text = history.facts(build.facts);
      if (auto request = queued_build(build, text, config_.limits)) {
        queued.push_back(std::move(*request));
      }
    }
    bus_.begin_after(Events(database).last_id());
  });
  driver_->add_past(recorded_usage(now));
  if (!queued.empty()) driver_->add(std::move(queued));
}

/// What was made in the last day, and for whom.
std::vector<UsageLedger::Past> Farm::recorded_usage(TimePoint now) {
  const auto times = database_.read(
      [&](Database& database) { return Steps(database).machine_time(now - UsageLedger::kWindow); });
  std::vector<UsageLedger::Past> usage;
  std::map<std::int64_t, std::size_t> by_step;
  for (const auto& time : times) {
    const auto [found, is_new] = by_step.emplace(time.step, usage.size());
    if (is_new) usage.push_back({{}, time.started, time.stopped, 1});
    usage[found->second].jobsets.push_back(static_cast<std::uint32_t>(time.jobset));
  }
  return usage;
}

/// What the outputs of a build that ended say about it, and how large they are.
void Farm::complete(const std::vector<FinishedBuild*>& builds) {
  auto& store = workshop_.store();
  std::set<StorePath> all;
  std::vector<std::set<StorePath>> groups;
  for (auto* build : builds) {
    auto& outputs = groups.emplace_back();
    if (build->outputs.empty()) continue;
    for (const auto& [output, path] : build->outputs) outputs.insert(path);
    all.insert(outputs.begin(), outputs.end());
    const auto name = build->outputs.begin()->second.name();
    // Who fetches a product checks it by its hash.
    build->report = read_build_report(store, build->outputs, name, ProductHashes::compute, {});
    apply_report(build->report, build->outcome, build->message);
  }
  const auto infos = store.path_infos(all);
  const auto closures = store.closure_sizes(groups);
  for (std::size_t i = 0; i < builds.size(); ++i) {
    builds[i]->size = 0;
    for (const auto& path : groups[i]) {
      const auto info = infos.find(path);
      if (info == infos.end()) continue;
      builds[i]->size += static_cast<std::int64_t>(info->second.nar_size);
    }
    builds[i]->closure_size = static_cast<std::int64_t>(closures[i].value_or(0));
  }
}

/// Outputs become roots of their jobsets, all of a group at once.
std::shared_ptr<const void> Farm::root(const std::vector<const FinishedBuild*>& builds) {
  std::map<std::int64_t, std::set<StorePath>> outputs;
  for (const auto* build : builds) {
    for (const auto& [name, path] : build->outputs) outputs[build->jobset].insert(path);
  }
  const auto held = std::make_shared<std::vector<ResultRoots::Hold>>();
  for (const auto& [jobset, paths] : outputs) held->push_back(roots_->hold_results(jobset, paths));
  return held;
}

std::vector<std::optional<BuildResult>> Farm::known_failures(std::span<const TriedRecipe> tried,
                                                             const BuildPolicy& policy) {
  std::vector<std::optional<BuildResult>> failures(tried.size());
  std::vector<FailureQuery> queries;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < tried.size(); ++i) {
    if (!tried[i].output_set) continue;
    queries.push_back({*tried[i].output_set, tried[i].recipe, tried[i].fixed_output});
    places.push_back(i);
  }
  if (queries.empty()) return failures;
  auto found = database_.read([&](Database& database) {
    GoodTables good(database);
    return AttemptTables(database, good).lasting_failures(queries, policy_text(policy));
  });
  const auto now = clock_.now();
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) continue;
    auto& result = found[i]->result;
    if (!config_.failure_lifetimes.is_believed(result.outcome, result.stop, now)) continue;
    failures[places[i]] = std::move(result);
  }
  return failures;
}

std::vector<double> Farm::expected_durations(std::span<const DurationQuery> queries) {
  const auto found = database_.read([&](Database& database) {
    GoodTables good(database);
    return AttemptTables(database, good).expected_durations(queries);
  });
  std::vector<double> seconds;
  seconds.reserve(found.size());
  for (const auto& one : found) seconds.push_back(one.value_or(0));
  return seconds;
}

/// It is there; and somebody may have drained it in the database itself.
void Farm::look_at_machine() {
  constexpr std::chrono::minutes kSaysSoEvery{1};
  const auto now = clock_.now();
  if (now - machine_seen_ >= kSaysSoEvery || now < machine_seen_) {
    database_.write([&](Database& database) { Machines(database).seen(machine_, now); });
    machine_seen_ = now;
  }
  const auto machine =
      database_.read([&](Database& database) { return Machines(database).find(machine_); });
  if (machine && machine->drained != driver_->drained()) driver_->set_drained(machine->drained);
}

void Farm::watch(const std::stop_token& stop) {
  std::string told;  // each problem once, however long it lasts
  while (!stop.stop_requested()) {
    try {
      look_at_machine();
      start_due(stop);
      driver_->tick();
      if (!std::exchange(told, "").empty()) config_.warn("jobsets are looked at again");
    } catch (const Error& error) {
      if (std::exchange(told, error.what()) != error.what()) {
        config_.warn(std::string("looking for jobsets that are due: ") + error.what());
      }
    }
    rest_when_idle();
    std::vector<std::jthread> done;
    {
      const MutexLock lock(mutex_);
      const auto until = std::chrono::steady_clock::now() + kLooksEvery;
      while (!woken_ && ended_.empty() && std::chrono::steady_clock::now() < until) {
        changed_.wait_until(mutex_, until);
      }
      woken_ = false;
      for (const auto jobset : std::exchange(ended_, {})) {
        done.push_back(std::move(evaluations_.extract(jobset).mapped()));
      }
    }
  }
  std::map<std::int64_t, std::jthread> left;
  {
    const MutexLock lock(mutex_);
    left.swap(evaluations_);
  }
  for (auto& [jobset, thread] : left) thread.request_stop();
}

/// A farm with nothing to do gives back what it needed: memory that is free, and connections.
void Farm::rest_when_idle() {
  const auto now = clock_.monotonic();
  if (evaluating() > 0 || driver_->waiting() > 0) {
    busy_at_ = now;
  } else if (busy_at_ && now - *busy_at_ > kRestsAfter) {
    busy_at_.reset();
    database_.rest();
    pool_.close_free();
    ::malloc_trim(0);
  }
}

void Farm::start_due(const std::stop_token& stop) {
  const auto now = clock_.now();
  auto jobsets = database_.read([](Database& database) { return Jobsets(database).all(); });
  std::map<std::uint32_t, double> shares;
  std::map<std::int64_t, std::int64_t> keeps;
  for (const auto& jobset : jobsets) {
    shares.emplace(static_cast<std::uint32_t>(jobset.id),
                   static_cast<double>(jobset.settings.shares));
    keeps.emplace(jobset.id, jobset.settings.keep);
    const auto before = keeps_.find(jobset.id);
    if (before != keeps_.end() && before->second != jobset.settings.keep)
      roots_->look_at(jobset.id);
  }
  shares.emplace(kSocketJobset, config_.daemon_shares);
  for (const auto& [jobset, keep] : keeps_) {
    if (!keeps.contains(jobset)) roots_->look_at(jobset);  // deleted
  }
  keeps_ = std::move(keeps);
  if (shares != shares_) driver_->set_shares(shares);
  shares_ = std::move(shares);
  std::erase_if(jobsets, [&](const Jobset& jobset) { return !is_due(jobset, now); });
  std::sort(jobsets.begin(), jobsets.end(), goes_first);
  const MutexLock lock(mutex_);
  for (auto& jobset : jobsets) {
    if (evaluations_.size() >= config_.evaluations || stop.stop_requested()) return;
    if (evaluations_.contains(jobset.id)) continue;
    const auto id = jobset.id;
    evaluations_.emplace(
        id, std::jthread([this, jobset = std::move(jobset)](const std::stop_token& ending) {
          evaluate(jobset, ending);
        }));
  }
}

void Farm::evaluate(const Jobset& jobset, const std::stop_token& stop) {
  try {
    const auto session = workshop_.store().session();  // what it finds there stays until its end
    const EvaluationSetting setting{database_,
                                    bus_,
                                    *driver_,
                                    fetcher_,
                                    *evaluator_,
                                    config_.evaluate,
                                    *session,
                                    *roots_,
                                    clock_,
                                    config_.limits,
                                    config_.failure_lifetimes,
                                    config_.warn};
    JobsetEvaluation(setting, jobset).run(stop);
  } catch (const CancelledError&) {
    // The next start finds that it was begun.
  } catch (const std::exception& error) {
    config_.warn("evaluating " + jobset.full_name() + ": " + error.what());
    give_up_evaluating(jobset, error, stop);
  }
  roots_->look_at(jobset.id);
  const MutexLock lock(mutex_);
  ended_.push_back(jobset.id);
  changed_.notify_all();
}

/// Writes down, as soon as the database takes it, that an evaluation has failed. One that the
/// database was in the way of is asked for again: whoever asked has been told that it will be. When
/// the server stops meanwhile, its next start finds it begun.
void Farm::give_up_evaluating(const Jobset& jobset, const std::exception& error,
                              const std::stop_token& stop) {
  const std::string problem = error.what();
  const bool again = dynamic_cast<const UnavailableError*>(&error) != nullptr;
  if (again) FarmDatabase::rest(stop, kEvaluatesAgainAfter);
  try {
    FarmDatabase::patiently(stop, [&] {
      database_.write([&](Database& database) {
        const auto now = clock_.now();
        EvaluationHistory(database).fail_running(now, problem, jobset.id);
        if (again) {
          Jobsets(database).resume_evaluating(now, jobset.id);
        } else {
          Jobsets(database).end_evaluating(jobset, now, "", problem);
        }
      });
    });
  } catch (const Error& worse) {
    config_.warn("evaluating " + jobset.full_name() + ": " + worse.what());
  }
}

}  // namespace grange
