#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "base/file.h"
#include "base/thread_annotations.h"
#include "derivation/store_path.h"
#include "store/local_store.h"

namespace grange {

/// This process's file of temporary roots, as garbage collectors of Nix read it: STATE/temproots/N,
/// locked while we live, N a number that no other live process holds (our pid, if it is free, else
/// that plus a multiple of kTemporaryRootsStride).
/// Thread safe.
class TemporaryRoots {
 public:
  explicit TemporaryRoots(const StoreLocation& location);
  ~TemporaryRoots();
  TemporaryRoots(const TemporaryRoots&) = delete;
  TemporaryRoots& operator=(const TemporaryRoots&) = delete;

  /// Returns when no collector, also none that is running, will delete them. Throws
  /// UnavailableError when one that is running does not answer.
  void add(const std::set<StorePath>& paths) EXCLUDES(mutex_);
  /// For paths that have just become permanent roots: a collector that is running, and may have
  /// looked at those before, hears of them, however soon we end.
  void renew(const std::set<StorePath>& paths) EXCLUDES(mutex_);

 private:
  void announce(const std::set<StorePath>& paths) REQUIRES(mutex_);
  void open_file() REQUIRES(mutex_);
  void write_roots(const std::set<StorePath>& paths) REQUIRES(mutex_);
  bool tell_collector(const std::set<StorePath>& paths) REQUIRES(mutex_);
  bool is_collector_still_there() REQUIRES(mutex_);
  bool send_to_collector(const std::string& line) REQUIRES(mutex_);

  const StoreDir store_dir_;
  const std::filesystem::path state_;
  Mutex mutex_;
  std::set<StorePath> known_ GUARDED_BY(mutex_);
  std::filesystem::path name_ GUARDED_BY(mutex_);
  FileDescriptor file_ GUARDED_BY(mutex_);
  FileDescriptor collector_lock_ GUARDED_BY(mutex_);
  FileDescriptor collector_ GUARDED_BY(mutex_);  ///< the socket of a running one
};

}  // namespace grange
