#pragma once

#include <map>

#include <sys/types.h>

#include "base/thread_annotations.h"

namespace grange {

/// Which evaluators wait for the farm to make what they import: their time does not pass meanwhile.
/// Thread safe.
class EvaluatorWaits {
 public:
  void begin(pid_t evaluator) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    ++waiting_[evaluator];
  }
  void end(pid_t evaluator) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (const auto found = waiting_.find(evaluator); found != waiting_.end()) {
      if (--found->second == 0) waiting_.erase(found);
    }
  }
  /// 0: does any?
  bool waits(pid_t evaluator) const EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return evaluator == 0 ? !waiting_.empty() : waiting_.contains(evaluator);
  }

 private:
  mutable Mutex mutex_;
  std::map<pid_t, unsigned> waiting_ GUARDED_BY(mutex_);
};

}  // namespace grange
