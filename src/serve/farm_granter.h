#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/thread_annotations.h"
#include "daemon/wish_granter.h"
#include "farm/build_driver.h"
#include "farm/evaluator_waits.h"

namespace grange {

/// What a farm's granter needs of a driver of builds: the seam for tests.
class WishDriver {
 public:
  virtual ~WishDriver() = default;
  virtual std::int64_t new_wish() = 0;
  virtual void add(std::vector<QueuedBuild> wishes) = 0;
  virtual void cancel(const std::vector<std::int64_t>& wishes) = 0;
};

/// Grants the wishes of a farm's daemon socket: what is asked for becomes part of the farm's one
/// plan, for the implicit jobset, under the farm's policy and from its substituters. What has no
/// place there is left to the daemon's own service, beside the plan: checks and repairs, impure
/// derivations, clients that allow no building, and derivations whose closure is not all there.
/// As with Nix, what failed is tried again for a client; an evaluator believes the record.
class FarmGranter final : public WishGranter {
 public:
  /// All outlive it. `waits` hears which evaluators wait for what they import.
  FarmGranter(WishDriver& driver, WishGranter& beside, LocalStore& store, EvaluatorWaits& waits,
              const Clock& clock);
  ~FarmGranter() override;

  std::unique_ptr<Ticket> ask(std::vector<BuildWish> wishes, BuildTerms terms,
                              std::shared_ptr<BuildListener> listener) override;
  BuildResult attempt(LocalStore& session, const BuildRequest& request, BuildObserver& observer,
                      std::stop_token stop) override {
    return beside_.attempt(session, request, observer, std::move(stop));
  }
  void release_idle() override { beside_.release_idle(); }

  /// A wish that has not ended.
  struct Open {
    std::int64_t wish = 0;  ///< the driver's number
    StorePath derivation;
    std::string client;
    TimePoint asked{};
  };
  std::vector<Open> open() const EXCLUDES(mutex_);

 private:
  class Asked;
  class Waiting;

  void lend(int /*attempts*/) override {}

  WishDriver& driver_;
  WishGranter& beside_;
  LocalStore& store_;
  EvaluatorWaits& waits_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::map<std::int64_t, Open> open_ GUARDED_BY(mutex_);
};

}  // namespace grange
