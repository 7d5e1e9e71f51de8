#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/thread_annotations.h"
#include "build/directory_pool.h"
#include "derivation/store_path.h"
#include "store/local_store.h"

namespace grange {

/// One process's own place for its attempts, below OWN_STATE/builds on the store's file system:
/// locked while the process lives (its file "steps" until all that it started is gone too), with a
/// journal of what its attempts leave elsewhere, so that the
/// next process can clean up behind a killed one (leftovers.h). Thread safe.
class BuildArea {
 public:
  explicit BuildArea(const LocalStore& store);
  ~BuildArea();
  BuildArea(const BuildArea&) = delete;
  BuildArea& operator=(const BuildArea&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// The lock of all steps, to be held by each of them.
  int steps_lock() const { return steps_lock_.get(); }
  /// For attempts: with kept directories "root" (and in it those of a sandbox) and "build".
  DirectoryPool& directories() { return *directories_; }

  using AttemptId = std::uint64_t;
  AttemptId begin();
  /// It may leave these outputs half-made in the store directory.
  void add_outputs(AttemptId attempt, const std::vector<StorePath>& outputs);
  /// It made this directory elsewhere.
  void add_directory(AttemptId attempt, const std::filesystem::path& directory);
  /// The directory is no longer ours to clean. Called before it is removed: afterwards anybody may
  /// make another of the same name.
  void release_directory(AttemptId attempt, const std::filesystem::path& directory);
  /// It has left nothing.
  void end(AttemptId attempt) noexcept;

 private:
  void append(AttemptId attempt, const std::string& records) EXCLUDES(mutex_);
  void compact() REQUIRES(mutex_);

  std::filesystem::path path_;
  FileDescriptor lock_;
  FileDescriptor steps_lock_;
  std::optional<DirectoryPool> directories_;
  Mutex mutex_;
  FileDescriptor journal_ GUARDED_BY(mutex_);
  std::uint64_t journal_size_ GUARDED_BY(mutex_) = 0;
  AttemptId next_ GUARDED_BY(mutex_) = 1;
  std::map<AttemptId, std::string> running_ GUARDED_BY(mutex_);  ///< their records
};

/// The file in an area that is locked while anything that its process started may run.
std::filesystem::path steps_lock_path(const std::filesystem::path& area);
/// Where all processes' areas are.
std::filesystem::path build_areas(const StoreLocation& location);
/// Where --keep-failed puts what it keeps.
std::filesystem::path kept_directories(const StoreLocation& location);

/// What a killed process may have left behind outside of its area.
struct AttemptTraces {
  std::set<StorePath> outputs;
  std::set<std::string, std::less<>> directories;
};
/// What the journal of a dead area names. A last record that was cut off is left out.
AttemptTraces read_journal(const std::filesystem::path& area);

}  // namespace grange
