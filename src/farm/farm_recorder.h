#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/thread_annotations.h"
#include "farm/event_bus.h"
#include "farm/farm_database.h"
#include "record/builds.h"
#include "record/record.h"
#include "record/steps.h"
#include "store/local_store.h"

namespace grange {

/// A step that has begun, and the builds that wait for just it.
struct StepStarted {
  StepRow step;
  std::vector<std::int64_t> builds;
};

/// Builds that wait for just a step that runs already.
struct BuildsJoined {
  std::vector<std::int64_t> builds;
};

/// A step that has ended.
struct StepEnded {
  StepRow step;
  std::vector<AttemptRecord> attempts;
  std::vector<MachineTime> times;
};

/// A build that will be tried again.
struct BuildPostponed {
  std::int64_t build = 0;
  TimePoint retry_at{};
  std::string message;
};

/// A session of the store in which all that was made so far and is told of has temporary roots; it
/// is given up once that is written.
struct SessionEnded {
  std::shared_ptr<LocalStore> session;
};

/// Writes down what the farm does, in the order in which it hears of it and in groups: a thread of
/// its own commits all that has come meanwhile at once, and then tells who follows. What it could
/// not write (the database is down) it tries again until it can; nothing is dropped. Thread safe.
class FarmRecorder {
 public:
  using Entry = std::variant<StepStarted, BuildsJoined, StepEnded, FinishedBuild, BuildPostponed,
                             SessionEnded>;

  struct Options {
    /// How long it waits for more before it commits.
    std::chrono::milliseconds gather{20};
    /// Before ends of builds are written: what their outputs say, and how large they are. On the
    /// recorder's thread.
    std::function<void(const std::vector<FinishedBuild*>&)> complete =
        [](const std::vector<FinishedBuild*>&) {};
    /// Before a step's end is written: its log is complete.
    std::function<void(std::int64_t step)> end_log = [](std::int64_t) {};
    /// Before ends of builds are written: makes their outputs roots. What it gives is held until
    /// they are written.
    std::function<std::shared_ptr<const void>(const std::vector<const FinishedBuild*>&)> root =
        [](const std::vector<const FinishedBuild*>&) { return nullptr; };
    /// Hears of them when they are.
    std::function<void(const std::vector<const FinishedBuild*>&)> written =
        [](const std::vector<const FinishedBuild*>&) {};
    /// Hears why it cannot write, once each time it begins.
    std::function<void(const std::string&)> warn = [](const std::string&) {};
  };

  FarmRecorder(FarmDatabase& database, EventBus& bus, const Clock& clock, Options options);
  /// Writes what it has been told, as far as that is possible at once.
  ~FarmRecorder();
  FarmRecorder(const FarmRecorder&) = delete;
  FarmRecorder& operator=(const FarmRecorder&) = delete;

  /// A number for a step. Waits for a database that is away, until a stop is requested.
  std::int64_t next_step(const std::stop_token& stop) EXCLUDES(ids_mutex_);
  void add(Entry entry) EXCLUDES(mutex_);
  /// Waits until all that it was told so far is committed; throws UnavailableError when that takes
  /// too long.
  void flush() EXCLUDES(mutex_);

 private:
  void run() EXCLUDES(mutex_);
  bool commit(std::vector<Entry>& entries);
  std::vector<EventRow> write(Database& database, const std::vector<Entry>& entries) const;

  FarmDatabase& database_;
  EventBus& bus_;
  const Clock& clock_;
  const Options options_;
  Mutex ids_mutex_;
  std::int64_t next_id_ GUARDED_BY(ids_mutex_) = 0;
  std::int64_t ids_end_ GUARDED_BY(ids_mutex_) = 0;
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Entry> inbox_ GUARDED_BY(mutex_);
  std::uint64_t told_ GUARDED_BY(mutex_) = 0;
  std::uint64_t written_ GUARDED_BY(mutex_) = 0;
  bool closing_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  ///< last
};

}  // namespace grange
