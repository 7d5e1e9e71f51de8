#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>

#include "base/file.h"
#include "base/thread_annotations.h"
#include "store/local_store.h"

namespace grange {

/// This process's directory for objects that are being made ready, below OWN_STATE/staging on the
/// store's file system; made when first needed, locked while we live. Thread safe.
class Staging {
 public:
  explicit Staging(const StoreLocation& location);
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  /// A name in it that nothing has.
  std::filesystem::path fresh_name() EXCLUDES(mutex_);
  /// Removes what processes that are gone have left.
  void clean_up();

 private:
  const std::filesystem::path parent_;
  std::atomic<std::uint64_t> next_{0};
  Mutex mutex_;
  std::filesystem::path own_ GUARDED_BY(mutex_);
  FileDescriptor lock_ GUARDED_BY(mutex_);
};

/// Something staged; removed again unless it was moved on.
class StagedTree {
 public:
  explicit StagedTree(Staging& staging) : path_(staging.fresh_name()) {}
  ~StagedTree();
  StagedTree(const StagedTree&) = delete;
  StagedTree& operator=(const StagedTree&) = delete;
  const std::filesystem::path& path() const { return path_; }
  void moved() { moved_ = true; }

 private:
  std::filesystem::path path_;
  bool moved_ = false;
};

}  // namespace grange
