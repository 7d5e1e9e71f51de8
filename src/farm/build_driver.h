#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
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
#include "farm/wish_listener.h"
#include "farm/workshop.h"
#include "schedule/fair_ready.h"

namespace grange {

/// A build that waits to be made; or, with a listener, a wish without a build, whose number
/// (new_wish) is negative. Of a wish nothing is recorded but its steps, and it is not tried again.
struct QueuedBuild {
  std::int64_t build = 0;
  std::uint32_t jobset = 0;
  std::string name;
  StorePath derivation;
  StepLimits limits;
  std::int64_t bumped = 0;
  std::int64_t tries = 0;  ///< that it has had
  std::optional<TimePoint> retry_at;
  std::vector<std::string> outputs{};    ///< empty: all
  std::shared_ptr<WishListener> wish{};  ///< who waits for it
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

/// Why a step waits, in words.
struct WaitingStep {
  std::string derivation;          ///< its recipe, as a path
  std::string reason;              ///< "inputs", "slot", "retry", "asked", "same", "running", …
  std::string words;               ///< a sentence for people
  std::vector<std::string> steps;  ///< derivations that it waits for, the first ones
  std::optional<TimePoint> until;
};

/// Why a build waits, which is why its own step does.
struct WaitingBuild : WaitingStep {
  static constexpr std::size_t kMostBelow = 50;
  /// The same of steps that it waits for, directly or through others: the nearest first.
  std::vector<WaitingStep> below;
};

/// Where a build stands in the queue.
struct QueuedPlace {
  /// Of its own step among all that could start now, from 1; nothing: that waits for something else
  /// than a slot, or stands behind the first kMostPlaces.
  std::optional<std::size_t> position;
  std::optional<TimePoint> start;  ///< expected; nothing: nobody knows
  std::string reason;              ///< as of a WaitingStep
  std::string words;

  static constexpr std::size_t kMostPlaces = 5'000;
};

/// Makes the builds of the farm: one plan for all of them, driven by one thread, which posts what
/// happens to the recorder. What failed because of a machine is tried again after a while. Thread
/// safe but for what is said otherwise.
class BuildDriver final : private RealiseObserver {
 public:
  struct Options {
    unsigned jobs = 1;
    std::int64_t machine = 0;  ///< the number of this one in the record
    RetryClock retries;
    /// Lasting failures that were recorded, of each: see RealiseOptions.
    std::function<std::vector<std::optional<BuildResult>>(std::span<const TriedRecipe>,
                                                          const BuildPolicy&)>
        known_failures;
    /// Seconds that making each should take, by what is recorded; 0: nobody knows.
    std::function<std::vector<double>(std::span<const DurationQuery>)> expected_durations;
    std::function<void(const std::string&)> warn = [](const std::string&) {};
  };

  BuildDriver(Workshop& workshop, FarmRecorder& recorder, StepLogs& logs, const Clock& clock,
              Options options);
  /// Cancels what runs and waits for it.
  ~BuildDriver() override;

  void add(std::vector<QueuedBuild> builds) EXCLUDES(mutex_);
  /// A number for a wish.
  std::int64_t new_wish() { return --last_wish_; }
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
  /// The same of those of these that are known here, briefly; of none when its thread is too busy
  /// to answer at once. The order is at most a second old, also of the next.
  std::map<std::int64_t, QueuedPlace> places(std::vector<std::int64_t> builds) EXCLUDES(mutex_);
  /// The builds whose own steps start first, in that order.
  std::vector<std::int64_t> first_to_start(std::size_t limit) EXCLUDES(mutex_);

 private:
  struct Wanted {
    QueuedBuild queued;
    std::optional<std::size_t> request;
    DerivationIndex derivation = 0;
    std::optional<TimePoint> started;
  };
  /// What people ask of its thread.
  struct Question {
    std::function<void()> find;
    bool answered = false;
  };
  /// The order in which what is ready starts.
  struct Order {
    TimePoint when{};  ///< by steady_now()
    std::vector<FairReady::Start> starts;
    std::unordered_map<StepId, std::size_t> places;  ///< by step
  };
  /// What the record says of a derivation of the graph when it comes: asked of many at once.
  struct Foreseen {
    double seconds = 0;
    bool has_not_failed = false;          ///< believed once; then the record is asked again
    const std::string* system = nullptr;  ///< of its class, once that is known
  };

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
  void foresee();
  std::optional<BuildResult> known_failure(const TriedRecipe& tried, const BuildPolicy& policy);
  void take_back(std::int64_t build);
  std::size_t ask_engine(const Wanted& wanted);
  void ask_otherwise(Wanted& wanted);
  void join_running_step(Wanted& wanted);
  void settle();
  void settle(Wanted& wanted, const Realised& realised);
  void retry_later(Wanted& wanted, const Realised& realised);
  WaitingBuild explain(const Wanted& wanted);
  std::vector<std::shared_ptr<WishListener>> listeners(const std::optional<OutputSetId>& set,
                                                       const StorePath& recipe) const;
  void join_running(const std::shared_ptr<WishListener>& wish);
  void settle_wish(Wanted& wanted, const Realised& realised);
  WaitingStep explain_step(StepId step);
  bool ask(std::function<void()> find, std::chrono::milliseconds patience) EXCLUDES(mutex_);
  const Order& order();
  QueuedPlace place_of(const Wanted& wanted);
  std::string policy() const;
  StepClass class_of(DerivationIndex derivation);
  FarmMachine this_machine() const;
  void give_up_without_derivation(const QueuedBuild& build);
  void add_resolved_failures(DerivationIndex recipe, std::vector<std::string>& names) const;
  std::vector<MachineTime> charge(const RunningStep& step, StepId plan_step, TimePoint began,
                                  TimePoint stopped);
  TimePoint steady_now() const;

  Workshop& workshop_;
  FarmRecorder& recorder_;
  StepLogs& logs_;
  const Clock& clock_;
  const Options options_;
  std::atomic<std::int64_t> last_wish_{0};

  const TimePoint origin_;
  const MonotonicTime monotonic_origin_;

  // Of its thread.
  DerivationReader reader_;
  RealiseOptions realise_;
  std::optional<DerivationGraph> graph_;
  std::vector<Foreseen> foreseen_;  ///< by derivation
  std::set<std::string> systems_;
  std::optional<FairReady> ready_;  ///< of the present plan, as the next three
  std::shared_ptr<LocalStore> session_;
  std::unique_ptr<Builder> builder_;
  std::optional<RealiseEngine> engine_;
  std::map<std::uint32_t, double> shares_;
  std::deque<UsageLedger::Past> past_;  ///< of the last day, for the next plan
  std::optional<Order> order_;
  StepId starting_{};
  bool is_drained_ = false;
  std::map<std::int64_t, Wanted> wanted_;                     ///< by build
  std::unordered_map<std::size_t, std::int64_t> by_request_;  ///< builds
  std::unordered_multimap<DerivationIndex, std::int64_t> by_derivation_;
  std::set<std::pair<TimePoint, std::int64_t>> to_retry_;
  std::vector<std::size_t> finished_;  ///< requests, not settled yet
  /// Of the present plan: what failed was resolved as this, by name; a restart forgets that, too.
  std::multimap<std::string, StorePath> resolved_failures_;

  struct Running {
    RunningStep step;
    std::vector<std::int64_t> builds;
    StepId plan_step{};
    TimePoint began{};  ///< by steady_now()
    std::vector<std::shared_ptr<WishListener>> wishes{};
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
