#pragma once

#include <condition_variable>
#include <stop_token>

#include "base/thread_annotations.h"
#include "build/builder.h"

namespace grange {

/// How many attempts run at once. Thread safe.
class AttemptSlots {
 public:
  explicit AttemptSlots(unsigned count) : count_(count) {}

  /// Waits for one; false when stopped before.
  bool take(const std::stop_token& stop) EXCLUDES(mutex_);
  void give_back() EXCLUDES(mutex_);
  /// So many more, until it is said again. Those that are taken stay so.
  void set_extra(unsigned extra) EXCLUDES(mutex_);

 private:
  const unsigned count_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  unsigned extra_ GUARDED_BY(mutex_) = 0;
  unsigned taken_ GUARDED_BY(mutex_) = 0;
};

/// A builder whose attempts each wait for a slot.
class SlottedBuilder final : public Builder {
 public:
  SlottedBuilder(std::unique_ptr<Builder> builder, AttemptSlots& slots)
      : builder_(std::move(builder)), slots_(slots) {}
  BuildResult build(const BuildRequest& request, BuildObserver& observer,
                    std::stop_token stop) override;

 private:
  std::unique_ptr<Builder> builder_;
  AttemptSlots& slots_;
};

/// For who must not build: every attempt is aborted with a message that says so.
class RefusingBuilder final : public Builder {
 public:
  BuildResult build(const BuildRequest& request, BuildObserver& observer,
                    std::stop_token stop) override;
};

}  // namespace grange
