#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "base/thread_annotations.h"
#include "daemon/attempt_slots.h"
#include "daemon/wish_granter.h"

namespace grange {

class BuildGeneration;

/// Where the builds of all clients meet: equivalent work is done once, whoever asks, and what
/// nobody waits for any more is cancelled.
///
/// A *generation* is one plan with a graph that grows. It never asks again about what it has found
/// there, or seen fail; so who would meet a failure, or asks for what is made anew each time
/// (impure derivations, checks), begins the next one, and a generation without clients ends soon.
/// Between generations the locks of output paths keep anything from being made twice at once.
/// Thread safe.
class BuildService final : public WishGranter {
 public:
  /// A builder that writes to this session of the store.
  using MakeBuilder = std::function<std::unique_ptr<Builder>(LocalStore& session)>;

  /// `jobs`: attempts at once, over all clients, at least 1. `sign`: see RealiseOptions.
  BuildService(LocalStore& store, MakeBuilder make_builder, unsigned jobs,
               std::function<void(Realisation&)> sign = {});
  /// Cancels everything and waits. All tickets are gone by then.
  ~BuildService() override;
  BuildService(const BuildService&) = delete;
  BuildService& operator=(const BuildService&) = delete;

  std::unique_ptr<Ticket> ask(std::vector<BuildWish> wishes, BuildTerms terms,
                              std::shared_ptr<BuildListener> listener) override;
  BuildResult attempt(LocalStore& session, const BuildRequest& request, BuildObserver& observer,
                      std::stop_token stop) override;
  /// Ends generations that nobody waits for, and gives up what they keep from collectors.
  void release_idle() override;

 private:
  friend class BuildGeneration;
  struct Asked;

  class Waiting;

  void admit(const std::shared_ptr<Asked>& asked) EXCLUDES(mutex_);
  void forget(const std::shared_ptr<Asked>& asked) EXCLUDES(mutex_);
  void reap() REQUIRES(mutex_);
  void lend(int attempts) override EXCLUDES(mutex_);
  void count_slots() REQUIRES(mutex_);
  /// Attempts at once in one generation.
  unsigned jobs() const { return jobs_ + lent_; }

  LocalStore& store_;
  const MakeBuilder make_builder_;
  const unsigned jobs_;
  const std::function<void(Realisation&)> sign_;
  AttemptSlots slots_;
  Mutex mutex_;
  std::list<std::shared_ptr<BuildGeneration>> generations_ GUARDED_BY(mutex_);  ///< oldest first
  bool closing_ GUARDED_BY(mutex_) = false;
  unsigned beside_ GUARDED_BY(mutex_) = 0;  ///< attempts that are in no plan
  std::atomic<unsigned> lent_{0};           ///< changed with the lock held
};

}  // namespace grange
