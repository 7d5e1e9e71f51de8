#include "daemon/copy_activities.h"

#include <utility>

#include "daemon/wish_granter.h"

namespace grange {

class CopyActivities::One final : public FetchObserver::Copy {
 public:
  One(std::shared_ptr<CopyActivities> all, std::uint64_t copy)
      : all_(std::move(all)), copy_(copy) {}
  ~One() override { all_->ended(copy_); }
  One(const One&) = delete;
  One& operator=(const One&) = delete;
  void moved(std::uint64_t bytes) override { all_->moved(copy_, bytes); }

 private:
  std::shared_ptr<CopyActivities> all_;
  std::uint64_t copy_;
};

CopyActivities::CopyActivities(FrameQueue& queue, WishGranter& service, const StoreDir& store_dir)
    : queue_(queue), service_(service), store_dir_(store_dir) {}

CopyActivities::~CopyActivities() = default;

std::unique_ptr<FetchObserver::Copy> CopyActivities::copying(const StorePath& path,
                                                             std::uint64_t nar_size,
                                                             const std::string& from) {
  const auto shown = store_dir_.print(path);
  const MutexLock lock(mutex_);
  if (ended_) return nullptr;
  if (all_ == 0) {
    all_ = service_.new_activity();
    queue_.push(StartActivityFrame{all_, Verbosity::debug, ActivityType::copy_paths, "", {}, 0});
  }
  const Running running{service_.new_activity(), service_.new_activity(), nar_size, 0};
  queue_.push(StartActivityFrame{
      running.substitution, Verbosity::debug, ActivityType::substitute, "", {shown, from}, all_});
  queue_.push(StartActivityFrame{running.copy,
                                 Verbosity::info,
                                 ActivityType::copy_path,
                                 "copying path '" + shown + "' from '" + from + "'",
                                 {shown, from, std::string("local")},
                                 running.substitution});
  running_.emplace(running.copy, running);
  tell_progress();
  return std::make_unique<One>(shared_from_this(), running.copy);
}

void CopyActivities::problem(const std::string& message) {
  const MutexLock lock(mutex_);
  if (!ended_) queue_.push(NextFrame{"warning: " + message + "\n"});
}

void CopyActivities::end() {
  const MutexLock lock(mutex_);
  if (ended_) return;
  ended_ = true;
  for (const auto& [copy, running] : running_) stop(running);
  running_.clear();
  if (all_ != 0) queue_.push(StopActivityFrame{all_});
}

void CopyActivities::moved(std::uint64_t copy, std::uint64_t bytes) {
  const MutexLock lock(mutex_);
  const auto found = running_.find(copy);
  if (found == running_.end()) return;
  auto& running = found->second;
  running.moved += bytes;
  queue_.push(ResultFrame{copy,
                          ActivityResult::progress,
                          {running.moved, running.nar_size, std::uint64_t{0}, std::uint64_t{0}}});
}

void CopyActivities::ended(std::uint64_t copy) {
  const MutexLock lock(mutex_);
  const auto found = running_.find(copy);
  if (found == running_.end()) return;
  stop(found->second);
  ++(found->second.moved >= found->second.nar_size ? done_ : failed_);
  running_.erase(found);
  tell_progress();
}

void CopyActivities::stop(const Running& running) {
  queue_.push(StopActivityFrame{running.copy});
  queue_.push(StopActivityFrame{running.substitution});
}

void CopyActivities::tell_progress() {
  const std::uint64_t under_way = running_.size();
  queue_.push(
      ResultFrame{all_, ActivityResult::progress, {done_, done_ + under_way, under_way, failed_}});
}

}  // namespace grange
