#pragma once

#include <filesystem>
#include <optional>

#include "base/thread_annotations.h"
#include "store/link_file.h"
#include "store/local_store.h"

namespace grange {

/// Lets files of objects that are about to be registered share their content with equal ones in
/// `.links` (see optimise.h). Thread safe.
class AdditionLinker {
 public:
  explicit AdditionLinker(const StoreLocation& location) : location_(location) {}

  /// The object is in place and canonical, and its lock is held. What cannot be shared keeps its
  /// own content: that is no reason not to register it.
  void share_files_of(const std::filesystem::path& object);

 private:
  LinkFile& linker();

  const StoreLocation location_;
  Mutex mutex_;
  std::optional<LinkFile> linker_ GUARDED_BY(mutex_);  ///< once it is needed
};

}  // namespace grange
