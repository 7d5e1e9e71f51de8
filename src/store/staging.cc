#include "store/staging.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

/// Held while a directory is made and locked, and while stale ones are looked for: nobody takes a
/// fresh one for a stale one.
FileDescriptor lock_parent(const std::filesystem::path& parent) {
  FileDescriptor lock = open_file(parent, O_RDONLY | O_DIRECTORY);
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw_errno("locking", parent.string());
  }
  return lock;
}

void remove_quietly(const std::filesystem::path& path) noexcept {
  try {
    remove_tree(path);
  } catch (const std::exception&) {  // the next process cleans up
  }
}

}  // namespace

Staging::Staging(const StoreLocation& location) : parent_(location.own_state() / "staging") {}

Staging::~Staging() {
  if (!own_.empty()) remove_quietly(own_);
}

std::filesystem::path Staging::fresh_name() {
  const MutexLock lock(mutex_);
  if (own_.empty()) {
    grange::create_directories(parent_);
    const FileDescriptor parent_lock = lock_parent(parent_);
    TemporaryDirectory directory(parent_, std::to_string(::getpid()));
    lock_ = open_file(directory.path(), O_RDONLY | O_DIRECTORY);
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
      throw_errno("locking", directory.path().string());
    }
    own_ = directory.keep();
  }
  return own_ / std::to_string(next_++);
}

void Staging::clean_up() {
  if (::access(parent_.c_str(), F_OK) != 0) return;
  const FileDescriptor parent_lock = lock_parent(parent_);
  for (const auto& entry : std::filesystem::directory_iterator(parent_)) {
    const FileDescriptor directory(
        ::open(entry.path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (directory && ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0) {
      remove_quietly(entry.path());
    }
  }
}

StagedTree::~StagedTree() {
  if (!moved_) remove_quietly(path_);
}

}  // namespace grange
