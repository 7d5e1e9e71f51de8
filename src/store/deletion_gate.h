#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/thread_annotations.h"

namespace grange {

/// Between a collector and those who add roots while it runs: what is protected is not begun to be
/// deleted, and who asks for something that is being deleted waits until that is done. Goes by
/// digest, which protects `PATH.lock`, `.chroot` and `.check` with their path. Thread safe.
class DeletionGate {
 public:
  /// From now on nothing with this digest is begun.
  void protect(std::string_view digest) EXCLUDES(mutex_);
  bool is_being_deleted(std::string_view digest) EXCLUDES(mutex_);
  bool is_protected(std::string_view digest) EXCLUDES(mutex_);

  /// False, and nothing begun, when it is protected. Each true needs one `end`.
  bool begin(std::string_view digest) EXCLUDES(mutex_);
  void end(std::string_view digest) EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::unordered_set<std::string> protected_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, int> deleting_ GUARDED_BY(mutex_);
};

}  // namespace grange
