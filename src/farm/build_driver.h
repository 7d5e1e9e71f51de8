#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/thread_annotations.h"
#include "build/realise_engine.h"
#include "farm/farm_recorder.h"
#include "farm/retry_clock.h"
#include "farm/step_logs.h"
#include "farm/workshop.h"
#include "schedule/fair_ready.h"

namespace grange {

/// A build that waits to be made.
struct QueuedBuild {
  std::int64_t build = 0;
  std::uint32_t jobset = 0;
  std::string name;
  StorePath derivation;
  StepLimits limits;
  std::int64_t bumped = 0;
  std::int64_t tries = 0;  ///< that it has had
  std::optional<TimePoint> retry_at;
};

/// A build that is made otherwise from now on, as far as it has not begun.
struct BuildChange {
  std::int64_t build = 0;
  std::optional<std::int64_t> bumped;
  std::optional<StepLimits> limits;  ///< and priority
};

/// A step that runs.
struct RunningStep {
  std::int64_t id = 0;
  StorePath derivation;
  std::int64_t build = 0;  ///< the first that it is made for
  std::string system;
  std::string phase;
  TimePoint started{};
};

/// What waits and why, in words; empty: it does not wait.
struct WaitingBuild {
  std::string reason;              ///< "inputs", "slot", "retry", "asked", "same", "running"
  std::string words;               ///< a sentence for people
  std::vector<std::string> steps;  ///< derivations that it waits for, the first ones
  std::optional<TimePoint> until;
};

/// Makes the builds of the farm: one plan for all of them, driven by one thread, which posts what
/// happens to the recorder. What failed because of a machine is tried again after a while. Thread
/// safe but for what is said otherwise.
class BuildDriver final : private RealiseObserver {
 public:
  struct Options {
    unsigned jobs = 1;
    RetryClock retries;
    /// Lasting failures that were recorded: see RealiseOptions.
    std::function<std::optional<BuildResult>(const TriedRecipe&, const BuildPolicy&)> known_failure;
    /// Seconds that making it should take, by what is recorded.
    std::function<double(const OutputSetId&, std::string_view name)> expected_seconds;
    std::function<void(const std::string&)> warn = [](const std::string&) {};
  };

  BuildDriver(Workshop& workshop, FarmRecorder& recorder, StepLogs& logs, const Clock& clock,
              Options options);
  /// Cancels what runs and waits for it.
  ~BuildDriver() override;

  void add(std::vector<QueuedBuild> builds) EXCLUDES(mutex_);
  /// Nobody waits for these any more: what only they need is cancelled.
  void cancel(const std::vector<std::int64_t>& builds) EXCLUDES(mutex_);
  /// Made on behalf of their jobsets otherwise.
  void change(const std::vector<BuildChange>& builds) EXCLUDES(mutex_);
  /// Nothing new starts on this machine, or it does again.
  void set_drained(bool drained) EXCLUDES(mutex_);
  /// Of machine time, by jobset; relative to each other.
  void set_shares(std::map<std::uint32_t, double> shares) EXCLUDES(mutex_);
  /// Attempts of the last day, as they were recorded.
  void add_past(std::vector<UsageLedger::Past> past) EXCLUDES(mutex_);
  bool drained() const EXCLUDES(mutex_);
  /// Lets it look whether something is to be tried again by now; called every second or so.
  void tick();

  std::vector<RunningStep> running() const EXCLUDES(mutex_);
  Plan::Counts counts() const EXCLUDES(mutex_);
  std::size_t waiting() const EXCLUDES(mutex_);
  /// Answered by its thread at the end of the round. Nothing when the build is not known here.
  std::optional<WaitingBuild> why_waiting(std::int64_t build) EXCLUDES(mutex_);

 private:
  struct Wanted {
    QueuedBuild queued;
    std::optional<std::size_t> request;
    DerivationIndex derivation = 0;
    std::optional<TimePoint> started;
  };
  struct Question;

  void step_started(StepId step, DerivationIndex recipe) override;
  void attempt_started(DerivationIndex recipe) override;
  void attempt_finished(DerivationIndex recipe, const BuildResult& result) override;
  void cut_off(DerivationIndex recipe, const ResolvedAs& as) override;
  void conflict(const RealisationConflict& conflict) override;
  void log(DerivationIndex recipe, std::string_view data) override;
  void phase(DerivationIndex recipe, std::string_view name) override;
  void want_finished(std::size_t request, const Plan::Finished& finished) override;
  void progress(const Plan::Counts& counts) override;

  void run(const std::stop_token& stop);
  void serve(const std::stop_token& stop);
  void begin_plan();
  void end_plan();
  void take_inbox();
  void admit(std::vector<QueuedBuild> builds);
  void take_back(std::int64_t build);
  std::size_t ask_engine(const Wanted& wanted);
  void ask_otherwise(Wanted& wanted);
  void join_running(Wanted& wanted);
  void settle();
  void settle(Wanted& wanted, const Realised& realised);
  void retry_later(Wanted& wanted, const Realised& realised);
  WaitingBuild explain(const Wanted& wanted);
  std::string policy() const;
  StepClass class_of(DerivationIndex derivation) const;
  FarmMachine this_machine() const;
  std::vector<MachineTime> charge(const RunningStep& step, StepId plan_step, TimePoint began,
                                  TimePoint stopped);
  TimePoint steady_now() const;

  Workshop& workshop_;
  FarmRecorder& recorder_;
  StepLogs& logs_;
  const Clock& clock_;
  const Options options_;

  const TimePoint origin_;
  const MonotonicTime monotonic_origin_;

  // Of its thread.
  DerivationReader reader_;
  RealiseOptions realise_;
  std::optional<DerivationGraph> graph_;
  std::optional<FairReady> ready_;  ///< of the present plan
  std::optional<RealiseEngine> engine_;
  std::map<std::uint32_t, double> shares_;
  std::deque<UsageLedger::Past> past_;  ///< of the last day, for the next plan
  StepId starting_{};
  bool is_drained_ = false;
  std::map<std::int64_t, Wanted> wanted_;                     ///< by build
  std::unordered_map<std::size_t, std::int64_t> by_request_;  ///< builds
  std::unordered_multimap<DerivationIndex, std::int64_t> by_derivation_;
  std::set<std::pair<TimePoint, std::int64_t>> to_retry_;
  std::vector<std::size_t> finished_;  ///< requests, not settled yet

  struct Running {
    RunningStep step;
    std::vector<std::int64_t> builds;
    StepId plan_step{};
    TimePoint began{};  ///< by steady_now()
  };
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<QueuedBuild> to_add_ GUARDED_BY(mutex_);
  std::vector<BuildChange> to_change_ GUARDED_BY(mutex_);
  std::vector<std::int64_t> to_cancel_ GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Question>> questions_ GUARDED_BY(mutex_);
  std::optional<bool> new_drained_ GUARDED_BY(mutex_);
  std::optional<std::map<std::uint32_t, double>> new_shares_ GUARDED_BY(mutex_);
  std::vector<UsageLedger::Past> new_past_ GUARDED_BY(mutex_);
  std::map<DerivationIndex, Running> running_ GUARDED_BY(mutex_);
  Plan::Counts counts_ GUARDED_BY(mutex_);
  std::size_t waiting_ GUARDED_BY(mutex_) = 0;
  RealiseEngine* awake_ GUARDED_BY(mutex_) = nullptr;  ///< whom to wake
  bool ticked_ GUARDED_BY(mutex_) = false;
  bool drained_ GUARDED_BY(mutex_) = false;
  std::jthread thread_;  ///< last
};

}  // namespace grange
