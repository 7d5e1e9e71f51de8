#include "store/deletion_gate.h"

namespace grange {

void DeletionGate::protect(std::string_view digest) {
  const MutexLock lock(mutex_);
  protected_.emplace(digest);
}

bool DeletionGate::is_being_deleted(std::string_view digest) {
  const MutexLock lock(mutex_);
  return deleting_.contains(std::string(digest));
}

bool DeletionGate::is_protected(std::string_view digest) {
  const MutexLock lock(mutex_);
  return protected_.contains(std::string(digest));
}

bool DeletionGate::begin(std::string_view digest) {
  const MutexLock lock(mutex_);
  std::string key(digest);
  if (protected_.contains(key)) return false;
  ++deleting_[std::move(key)];
  return true;
}

void DeletionGate::end(std::string_view digest) {
  const MutexLock lock(mutex_);
  const auto found = deleting_.find(std::string(digest));
  if (found != deleting_.end() && --found->second == 0) deleting_.erase(found);
}

}  // namespace grange
