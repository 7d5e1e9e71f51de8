#include "daemon/build_activities.h"

#include <utility>

namespace grange {
namespace {

/// A longer line is told in pieces.
constexpr std::size_t kLongestLine = std::size_t{64} << 10;

}  // namespace

BuildActivities::BuildActivities(FrameQueue& queue, WishGranter& builds, const StoreDir& store_dir)
    : queue_(queue),
      service_(builds),
      store_dir_(store_dir),
      copies_(std::make_shared<CopyActivities>(queue, builds, store_dir)) {}

BuildActivities::~BuildActivities() = default;

void BuildActivities::push(WorkerFrame frame) {
  if (!closed_) queue_.push(std::move(frame));
}

void BuildActivities::tell_progress() {
  push(ResultFrame{builds_,
                   ActivityResult::progress,
                   {done_, expected_, std::uint64_t{running_.size()}, failed_}});
}

void BuildActivities::attempt_started(const StorePath& derivation) {
  const auto shown = store_dir_.print(derivation);
  const MutexLock lock(mutex_);
  if (builds_ == 0) {
    builds_ = service_.new_activity();
    push(StartActivityFrame{builds_, Verbosity::debug, ActivityType::builds, "", {}, 0});
  }
  auto& running = running_[derivation];
  running.activity = service_.new_activity();
  ++expected_;
  push(StartActivityFrame{running.activity,
                          Verbosity::info,
                          ActivityType::build,
                          "building '" + shown + "'",
                          {shown, std::string(), std::uint64_t{1}, std::uint64_t{1}},
                          builds_});
  tell_progress();
}

void BuildActivities::attempt_finished(const StorePath& derivation, const BuildResult& result) {
  const MutexLock lock(mutex_);
  const auto found = running_.find(derivation);
  if (found == running_.end()) return;
  if (!found->second.line.empty()) {
    push(ResultFrame{
        found->second.activity, ActivityResult::build_log_line, {std::move(found->second.line)}});
  }
  push(StopActivityFrame{found->second.activity});
  running_.erase(found);
  ++(result.good() ? done_ : failed_);
  tell_progress();
}

void BuildActivities::log(const StorePath& derivation, std::string_view data) {
  const MutexLock lock(mutex_);
  const auto found = running_.find(derivation);
  if (found == running_.end()) return;
  auto& line = found->second.line;
  while (!data.empty()) {
    const auto end = data.find('\n');
    line += data.substr(0, end);
    if (end == std::string_view::npos && line.size() < kLongestLine) return;
    data.remove_prefix(end == std::string_view::npos ? data.size() : end + 1);
    if (line.ends_with('\r')) line.pop_back();
    push(ResultFrame{
        found->second.activity, ActivityResult::build_log_line, {std::exchange(line, {})}});
  }
}

void BuildActivities::phase(const StorePath& derivation, std::string_view name) {
  const MutexLock lock(mutex_);
  const auto found = running_.find(derivation);
  if (found == running_.end()) return;
  push(ResultFrame{found->second.activity, ActivityResult::set_phase, {std::string(name)}});
}

std::unique_ptr<FetchObserver::Copy> BuildActivities::copying(const StorePath& path,
                                                              std::uint64_t nar_size,
                                                              const std::string& from) {
  return copies_->copying(path, nar_size, from);
}

void BuildActivities::problem(const std::string& message) {
  copies_->problem(message);
}

void BuildActivities::ended(std::vector<GrantedWish> granted) {
  copies_->end();
  const MutexLock lock(mutex_);
  granted_ = std::move(granted);
  ended_ = true;
  for (const auto& [derivation, running] : running_) push(StopActivityFrame{running.activity});
  running_.clear();
  if (builds_ != 0) push(StopActivityFrame{builds_});
  if (!closed_) queue_.wake();
}

void BuildActivities::close() {
  copies_->end();
  const MutexLock lock(mutex_);
  closed_ = true;
}

bool BuildActivities::has_ended() const {
  const MutexLock lock(mutex_);
  return ended_;
}

std::vector<GrantedWish> BuildActivities::take() {
  const MutexLock lock(mutex_);
  return std::move(granted_);
}

}  // namespace grange
