#pragma once

#include <map>
#include <string>

#include "base/thread_annotations.h"
#include "daemon/copy_activities.h"
#include "daemon/frame_queue.h"
#include "daemon/wish_granter.h"

namespace grange {

/// Turns what a client's builds do, and what is fetched for them, into the activities that Nix's
/// clients show, line by line of their logs. From any thread.
class BuildActivities final : public BuildListener {
 public:
  /// The queue must live until `close`, the service as long as this.
  BuildActivities(FrameQueue& queue, WishGranter& builds, const StoreDir& store_dir);
  ~BuildActivities() override;

  void attempt_started(const StorePath& derivation) override;
  void attempt_finished(const StorePath& derivation, const BuildResult& result) override;
  void log(const StorePath& derivation, std::string_view data) override;
  void phase(const StorePath& derivation, std::string_view name) override;
  std::unique_ptr<Copy> copying(const StorePath& path, std::uint64_t nar_size,
                                const std::string& from) override;
  void problem(const std::string& message) override;
  void ended(std::vector<GrantedWish> granted) override;

  bool has_ended() const;
  /// What `ended` said.
  std::vector<GrantedWish> take();
  /// Nothing is told of any more from here on, whoever still has this.
  void close();

 private:
  struct Running {
    std::uint64_t activity = 0;
    std::string line{};  ///< not ended yet
  };

  void tell_progress() REQUIRES(mutex_);
  void push(WorkerFrame frame) REQUIRES(mutex_);

  FrameQueue& queue_;
  WishGranter& service_;
  const StoreDir store_dir_;
  const std::shared_ptr<CopyActivities> copies_;
  mutable Mutex mutex_;
  std::map<StorePath, Running> running_ GUARDED_BY(mutex_);
  std::uint64_t builds_ GUARDED_BY(mutex_) = 0;  ///< the activity of all; 0: none yet
  std::uint64_t done_ GUARDED_BY(mutex_) = 0;
  std::uint64_t failed_ GUARDED_BY(mutex_) = 0;
  std::uint64_t expected_ GUARDED_BY(mutex_) = 0;
  bool ended_ GUARDED_BY(mutex_) = false;
  bool closed_ GUARDED_BY(mutex_) = false;
  std::vector<GrantedWish> granted_ GUARDED_BY(mutex_);
};

}  // namespace grange
