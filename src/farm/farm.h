#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/thread_annotations.h"
#include "database/database_pool.h"
#include "evaluate/evaluator.h"
#include "evaluate/fetched_inputs.h"
#include "farm/build_driver.h"
#include "farm/event_bus.h"
#include "farm/failure_lifetimes.h"
#include "farm/farm_database.h"
#include "farm/farm_recorder.h"
#include "farm/machine_time_sums.h"
#include "farm/result_roots.h"
#include "farm/step_logs.h"
#include "farm/workshop.h"
#include "http/http_client.h"
#include "process/process.h"
#include "record/jobsets.h"

namespace grange {

struct FarmConfig {
  DatabaseLocation database;
  std::filesystem::path state;  ///< logs, mirrors of repositories
  WorkshopConfig workshop;
  EvaluateOptions evaluate;
  FetchOptions fetch;
  unsigned evaluations = 2;  ///< at once
  StepLimits limits;         ///< of every step, where `meta` says nothing
  std::size_t connections = 32;
  double daemon_shares = 100;  ///< of what is asked for through the daemon socket
  FailureLifetimes failure_lifetimes;
  /// Hears what an administrator should know, from any thread.
  std::function<void(const std::string&)> warn = [](const std::string&) {};
};

/// The walk, for ever: watches jobsets, evaluates those that are due, has their builds made, and
/// records all of it. Begins with its construction, where what a killed one left half done is taken
/// up; ends with its destruction. Thread safe.
class Farm {
 public:
  /// What is passed by reference outlives it.
  Farm(FarmConfig config, const Clock& clock, ProcessRunner& programs, HttpClient& http);
  ~Farm();
  Farm(const Farm&) = delete;
  Farm& operator=(const Farm&) = delete;

  FarmDatabase& database() { return database_; }
  EventBus& bus() { return bus_; }
  BuildDriver& driver() { return *driver_; }
  FarmRecorder& recorder() { return *recorder_; }
  StepLogs& logs() { return logs_; }
  Workshop& workshop() { return workshop_; }
  ResultRoots& roots() { return *roots_; }
  const FarmConfig& config() const { return config_; }
  /// The number of this machine.
  std::int64_t machine() const { return machine_; }
  const Clock& clock() const { return clock_; }
  MachineTimeSums& machine_time() { return machine_time_; }
  /// Jobsets have changed: looks at them at once.
  void wake() EXCLUDES(mutex_);
  std::size_t evaluating() const EXCLUDES(mutex_);

 private:
  void recover();
  std::vector<UsageLedger::Past> recorded_usage(TimePoint now);
  void complete(const std::vector<FinishedBuild*>& builds);
  std::vector<std::optional<BuildResult>> known_failures(std::span<const TriedRecipe> tried,
                                                         const BuildPolicy& policy);
  std::vector<double> expected_durations(std::span<const DurationQuery> queries);
  std::shared_ptr<const void> root(const std::vector<const FinishedBuild*>& builds);
  void look_at_machine();
  void give_up_evaluating(const Jobset& jobset, const std::exception& error,
                          const std::stop_token& stop);
  void watch(const std::stop_token& stop) EXCLUDES(mutex_);
  void start_due(const std::stop_token& stop) EXCLUDES(mutex_);
  void rest_when_idle() EXCLUDES(mutex_);
  void evaluate(const Jobset& jobset, const std::stop_token& stop) EXCLUDES(mutex_);

  const FarmConfig config_;
  const Clock& clock_;
  DatabasePool pool_;
  FarmDatabase database_;
  EventBus bus_;
  MachineTimeSums machine_time_;
  StepLogs logs_;
  Workshop workshop_;
  InputFetcher fetcher_;
  std::unique_ptr<Evaluator> evaluator_;
  std::int64_t machine_ = 0;
  std::unique_ptr<ResultRoots> roots_;
  std::stop_source ending_;
  std::unique_ptr<FarmRecorder> recorder_;
  std::unique_ptr<BuildDriver> driver_;

  std::map<std::uint32_t, double> shares_;      ///< of the watcher: as the driver was told
  std::map<std::int64_t, std::int64_t> keeps_;  ///< of the watcher: as the roots are, by jobset
  TimePoint machine_seen_{};                    ///< of the watcher: when that was last written
  std::optional<MonotonicTime> busy_at_;        ///< of the watcher: last; nothing once it rests
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ GUARDED_BY(mutex_) = false;
  std::map<std::int64_t, std::jthread> evaluations_ GUARDED_BY(mutex_);  ///< by jobset
  std::vector<std::int64_t> ended_ GUARDED_BY(mutex_);                   ///< to be joined
  std::jthread watcher_;                                                 ///< last
};

/// As the driver takes it; nothing where its derivation is not known.
std::optional<QueuedBuild> queued_build(const BuildRow& build, const std::string& facts,
                                        const StepLimits& limits);

}  // namespace grange
