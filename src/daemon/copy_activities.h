#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/thread_annotations.h"
#include "daemon/frame_queue.h"
#include "derivation/store_path.h"
#include "store/fetch_observer.h"

namespace grange {

class WishGranter;

/// Turns what is fetched for a client into the activities that Nix's clients show: one for all
/// paths, and for each path two, that it is substituted and that it is copied. From any thread.
class CopyActivities final : public FetchObserver,
                             public std::enable_shared_from_this<CopyActivities> {
 public:
  /// The queue must live until `end`, the service as long as this. `service` has the numbers.
  CopyActivities(FrameQueue& queue, WishGranter& service, const StoreDir& store_dir);
  ~CopyActivities() override;

  std::unique_ptr<Copy> copying(const StorePath& path, std::uint64_t nar_size,
                                const std::string& from) override;
  void problem(const std::string& message) override;
  /// Whatever is on its way ends for the client, and nothing is told of any more.
  void end();

 private:
  class One;
  struct Running {
    std::uint64_t substitution = 0;
    std::uint64_t copy = 0;
    std::uint64_t nar_size = 0;
    std::uint64_t moved = 0;
  };

  void moved(std::uint64_t copy, std::uint64_t bytes);
  void ended(std::uint64_t copy);
  void stop(const Running& running) REQUIRES(mutex_);
  void tell_progress() REQUIRES(mutex_);

  FrameQueue& queue_;
  WishGranter& service_;
  const StoreDir store_dir_;
  Mutex mutex_;
  std::map<std::uint64_t, Running> running_ GUARDED_BY(mutex_);  ///< by the activity of the copy
  std::uint64_t all_ GUARDED_BY(mutex_) = 0;                     ///< the activity of all; 0: none
  std::uint64_t done_ GUARDED_BY(mutex_) = 0;
  std::uint64_t failed_ GUARDED_BY(mutex_) = 0;
  bool ended_ GUARDED_BY(mutex_) = false;
};

}  // namespace grange
