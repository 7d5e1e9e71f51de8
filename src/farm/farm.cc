#include "farm/farm.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "build/build_report.h"
#include "farm/jobset_clock.h"
#include "farm/jobset_evaluation.h"
#include "farm/target_limits.h"
#include "farm/target_reports.h"
#include "record/attempts.h"
#include "record/evaluation_history.h"
#include "record/good.h"
#include "record/schema.h"

namespace grange {
namespace {

constexpr std::chrono::seconds kLooksEvery{1};
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
      logs_(config_.state / "logs"),
      workshop_(config_.workshop, clock),
      fetcher_(config_.fetch, config_.evaluate, programs, http, clock),
      evaluator_(make_nix_evaluator(clock)) {
  migrate_record(*pool_.lend());
  logs_.finish_leftovers();
  FarmRecorder::Options recording;
  recording.complete = [this](FinishedBuild& build) { complete(build); };
  recording.end_log = [this](std::int64_t step) { logs_.end(step); };
  recording.warn = config_.warn;
  recorder_ = std::make_unique<FarmRecorder>(database_, bus_, clock_, std::move(recording));
  BuildDriver::Options driving;
  driving.jobs = workshop_.slots();
  driving.warn = config_.warn;
  // What runs is not given up because the database is away for a while.
  driving.known_failure = [this](const TriedRecipe& tried, const BuildPolicy& policy) {
    return FarmDatabase::patiently(ending_.get_token(),
                                   [&] { return known_failure(tried, policy); });
  };
  driving.expected_seconds = [this](const OutputSetId& set, std::string_view name) {
    return FarmDatabase::patiently(ending_.get_token(),
                                   [&] { return expected_seconds(set, name); });
  };
  driver_ = std::make_unique<BuildDriver>(workshop_, *recorder_, logs_, clock_, std::move(driving));
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
void Farm::complete(FinishedBuild& build) {
  if (build.outputs.empty()) return;
  auto& store = workshop_.store();
  const auto name = build.outputs.begin()->second.name();
  build.report = read_build_report(store, build.outputs, name, ProductHashes::leave_out, {});
  apply_report(build.report, build.outcome, build.message);
  std::set<StorePath> paths;
  build.size = 0;
  for (const auto& [output, path] : build.outputs) {
    paths.insert(path);
    if (const auto info = store.path_info(path)) {
      build.size += static_cast<std::int64_t>(info->nar_size);
    }
  }
  const auto sizes = store.closure_sizes({paths});
  build.closure_size = static_cast<std::int64_t>(sizes.front().value_or(0));
}

std::optional<BuildResult> Farm::known_failure(const TriedRecipe& tried,
                                               const BuildPolicy& policy) {
  if (!tried.output_set) return std::nullopt;
  const FailureQuery query{*tried.output_set, tried.recipe, tried.fixed_output};
  const auto found = database_.read([&](Database& database) {
    GoodTables good(database);
    return AttemptTables(database, good).lasting_failures({&query, 1}, policy_text(policy));
  });
  if (!found.front()) return std::nullopt;
  const auto& result = found.front()->result;
  const auto lifetime = config_.failure_lifetimes.find(result.outcome);
  if (lifetime != config_.failure_lifetimes.end() &&
      Seconds(clock_.now() - result.stop) > lifetime->second) {
    return std::nullopt;
  }
  return result;
}

double Farm::expected_seconds(const OutputSetId& set, std::string_view name) {
  const DurationQuery query{set, std::string(name)};
  return database_.read([&](Database& database) {
    GoodTables good(database);
    return AttemptTables(database, good).expected_durations({&query, 1}).front().value_or(0);
  });
}

void Farm::watch(const std::stop_token& stop) {
  std::string told;  // each problem once, however long it lasts
  while (!stop.stop_requested()) {
    try {
      start_due(stop);
      driver_->tick();
      if (!std::exchange(told, "").empty()) config_.warn("jobsets are looked at again");
    } catch (const Error& error) {
      if (std::exchange(told, error.what()) != error.what()) {
        config_.warn(std::string("looking for jobsets that are due: ") + error.what());
      }
    }
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

void Farm::start_due(const std::stop_token& stop) {
  const auto now = clock_.now();
  auto jobsets = database_.read([](Database& database) { return Jobsets(database).all(); });
  std::map<std::uint32_t, double> shares;
  for (const auto& jobset : jobsets) {
    shares.emplace(static_cast<std::uint32_t>(jobset.id),
                   static_cast<double>(jobset.settings.shares));
  }
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
    const EvaluationSetting setting{database_,         bus_,        *driver_,
                                    fetcher_,          *evaluator_, config_.evaluate,
                                    workshop_.store(), clock_,      config_.limits};
    JobsetEvaluation(setting, jobset).run(stop);
  } catch (const CancelledError&) {
    // The next start finds that it was begun.
  } catch (const std::exception& error) {
    config_.warn("evaluating " + jobset.full_name() + ": " + error.what());
    give_up_evaluating(jobset, error, stop);
  }
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
