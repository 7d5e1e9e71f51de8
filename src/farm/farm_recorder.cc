#include "farm/farm_recorder.h"

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "base/fault.h"
#include "farm/farm_events.h"
#include "record/attempts.h"
#include "record/derivations.h"
#include "record/good.h"

namespace grange {
namespace {

constexpr std::int64_t kIdsTogether = 1000;
constexpr std::chrono::seconds kTriesAgainAfter{2};
/// After a group of so many it pays to wait longer for the next one, so many times as long.
constexpr std::size_t kLargeGroup = 100;
constexpr int kLongerThen = 4;
constexpr std::chrono::seconds kFlushPatience{10};

}  // namespace

FarmRecorder::FarmRecorder(FarmDatabase& database, EventBus& bus, const Clock& clock,
                           Options options)
    : database_(database), bus_(bus), clock_(clock), options_(std::move(options)), thread_([this] {
        run();
      }) {}

FarmRecorder::~FarmRecorder() {
  {
    const MutexLock lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::int64_t FarmRecorder::next_step(const std::stop_token& stop) {
  const MutexLock lock(ids_mutex_);
  if (next_id_ == ids_end_) {
    next_id_ = FarmDatabase::patiently(stop, [&] {
      return database_.write(
          [](Database& database) { return allocate_ids(database, "steps", kIdsTogether); });
    });
    ids_end_ = next_id_ + kIdsTogether;
  }
  return next_id_++;
}

void FarmRecorder::add(Entry entry) {
  {
    const MutexLock lock(mutex_);
    inbox_.push_back(std::move(entry));
    ++told_;
  }
  changed_.notify_all();
}

void FarmRecorder::flush() {
  const MutexLock lock(mutex_);
  const auto until = told_;
  const auto deadline = std::chrono::steady_clock::now() + kFlushPatience;
  while (written_ < until && !closing_) {
    if (std::chrono::steady_clock::now() >= deadline) {
      throw UnavailableError("what has ended cannot be recorded at present; try again");
    }
    changed_.wait_until(mutex_, deadline);
  }
}

void FarmRecorder::run() {
  std::vector<Entry> entries;
  std::size_t last = 0;  // how many were written together
  for (;;) {
    bool closing = false;
    {
      const MutexLock lock(mutex_);
      while (inbox_.empty() && !closing_) changed_.wait(mutex_);
      if (!closing_) {
        const auto gather = options_.gather * (last > kLargeGroup ? kLongerThen : 1);
        const auto until = std::chrono::steady_clock::now() + gather;
        while (!closing_ && std::chrono::steady_clock::now() < until) {
          changed_.wait_until(mutex_, until);
        }
      }
      closing = closing_;
      entries = std::exchange(inbox_, {});
    }
    const auto count = last = entries.size();
    bool warned = false;
    while (count > 0) {
      try {
        commit(entries);
        break;
      } catch (const Error& error) {
        if (!std::exchange(warned, true)) options_.warn(error.what());
      }
      const MutexLock lock(mutex_);
      if (closing_) return;  // what was not written is found out again at the next start
      changed_.wait_until(mutex_, std::chrono::steady_clock::now() + kTriesAgainAfter);
    }
    entries.clear();
    {
      const MutexLock lock(mutex_);
      written_ += count;
      closing = closing && inbox_.empty();
    }
    changed_.notify_all();
    if (closing) return;
  }
}

bool FarmRecorder::commit(std::vector<Entry>& entries) {
  std::vector<FinishedBuild*> ended;
  for (auto& entry : entries) {
    if (auto* build = std::get_if<FinishedBuild>(&entry)) ended.push_back(build);
    if (const auto* step = std::get_if<StepEnded>(&entry)) options_.end_log(step->step.id);
  }
  if (!ended.empty()) options_.complete(ended);
  const std::vector<const FinishedBuild*> builds(ended.begin(), ended.end());
  if (!builds.empty()) fault_point("serve.before-roots");
  const auto held = options_.root(builds);
  fault_point("serve.before-record");
  const auto events = database_.write([&](Database& database) { return write(database, entries); });
  fault_point("serve.after-record");
  bus_.publish(events);
  options_.written(builds);
  return true;
}

std::vector<EventRow> FarmRecorder::write(Database& database,
                                          const std::vector<Entry>& entries) const {
  const auto now = clock_.now();
  std::vector<StepRow> started;
  std::vector<StepRow> ended;
  std::vector<std::int64_t> builds_started;
  std::vector<FinishedBuild> finished;
  std::vector<AttemptRecord> attempts;
  std::vector<MachineTime> times;
  std::vector<EventRow> events;
  Steps steps(database);
  Builds builds(database);
  for (const auto& entry : entries) {
    if (const auto* start = std::get_if<StepStarted>(&entry)) {
      started.push_back(start->step);
      builds_started.insert(builds_started.end(), start->builds.begin(), start->builds.end());
      events.push_back(step_event("step-started", start->step, now));
    } else if (const auto* joined = std::get_if<BuildsJoined>(&entry)) {
      builds_started.insert(builds_started.end(), joined->builds.begin(), joined->builds.end());
    } else if (const auto* end = std::get_if<StepEnded>(&entry)) {
      ended.push_back(end->step);
      attempts.insert(attempts.end(), end->attempts.begin(), end->attempts.end());
      times.insert(times.end(), end->times.begin(), end->times.end());
      events.push_back(step_event("step-finished", end->step, now));
    } else if (const auto* build = std::get_if<FinishedBuild>(&entry)) {
      finished.push_back(*build);
    }
  }
  // A step that began and ended in one group is written once.
  std::unordered_map<std::int64_t, std::size_t> places;
  for (std::size_t i = 0; i < started.size(); ++i) places.emplace(started[i].id, i);
  std::erase_if(ended, [&](const StepRow& step) {
    const auto found = places.find(step.id);
    if (found == places.end()) return false;
    started[found->second] = step;
    return true;
  });
  steps.add(started);
  for (const auto& step : ended) steps.finish(step);
  steps.add_machine_time(times);
  if (!attempts.empty()) {
    GoodTables good(database);
    AttemptTables(database, good).add_in_transaction(attempts);
  }
  builds.start(builds_started, now);
  builds.finish(finished);
  for (const auto& entry : entries) {
    if (const auto* postponed = std::get_if<BuildPostponed>(&entry)) {
      builds.postpone(postponed->build, postponed->retry_at, postponed->message);
    }
  }
  std::vector<std::int64_t> touched = builds_started;
  for (const auto& build : finished) touched.push_back(build.build);
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  for (const auto& build : builds.find(touched)) {
    events.push_back(
        build_event(build.finished() ? "build-finished" : "build-started", build, now));
  }
  Events(database).add(events);
  return events;
}

}  // namespace grange
