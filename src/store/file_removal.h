#pragma once

#include <condition_variable>
#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/parallel.h"
#include "base/thread_annotations.h"
#include "store/deletion_gate.h"

namespace grange {

/// How many threads remove files best: more than there are processors, because where freed blocks
/// are discarded at once (ext4 mounted with `discard`) each removal waits for the disk.
unsigned removal_threads() noexcept;

/// Removes entries of the store directory on threads of its own, and tells the gate of each.
class FileRemoval {
 public:
  /// `threads` at least 1.
  FileRemoval(const std::filesystem::path& directory, DeletionGate& gate, unsigned threads);
  /// Waits for what was posted.
  ~FileRemoval();
  FileRemoval(const FileRemoval&) = delete;
  FileRemoval& operator=(const FileRemoval&) = delete;

  /// Begins with these names, each of which `gate` knows as begun.
  void post(std::vector<std::string> names) EXCLUDES(mutex_);
  /// Returns when at most so many names are left to do.
  void wait_until_left(std::size_t names) EXCLUDES(mutex_);
  /// What is left is not removed: a later collection finds it.
  void give_up() EXCLUDES(mutex_);

  /// So far.
  RemovedBytes bytes() EXCLUDES(mutex_);
  /// What could not be removed, and why.
  std::vector<std::string> problems() EXCLUDES(mutex_);

 private:
  void remove(const std::vector<std::string>& names) noexcept EXCLUDES(mutex_);
  RemovedBytes remove_one(const std::string& name, std::string& problem) noexcept;

  const std::string shown_;
  const FileDescriptor directory_;
  DeletionGate& gate_;
  Mutex mutex_;
  std::condition_variable_any done_;
  std::size_t left_ GUARDED_BY(mutex_) = 0;
  bool given_up_ GUARDED_BY(mutex_) = false;
  RemovedBytes bytes_ GUARDED_BY(mutex_);
  std::vector<std::string> problems_ GUARDED_BY(mutex_);
  ThreadPool pool_;  ///< last: its threads use the others
};

/// "HASH" of "HASH-name": what the gate knows an entry of the store directory by; empty for a name
/// that is no store path's.
std::string digest_of_name(const std::string& name);

}  // namespace grange
