#pragma once

#include <filesystem>
#include <string>

#include "base/thread_annotations.h"
#include "store/local_store.h"
#include "store/staging.h"

namespace grange {

/// Replaces files of a store by hard links of `.links`. Thread safe.
class LinkFile {
 public:
  explicit LinkFile(const StoreLocation& location);

  /// `digest` is the name that the content has in `.links`. True when the file was replaced; false
  /// when it is the first with that content (which `.links` then has), is shared already, or
  /// cannot be because of a limit of the file system. Throws SystemError.
  bool share(const std::filesystem::path& file, const std::string& digest);

 private:
  bool replace(const std::filesystem::path& file, const std::filesystem::path& link);
  void rename_over(const std::filesystem::path& from, const std::filesystem::path& file);

  const std::filesystem::path store_;
  const std::filesystem::path links_;
  Staging staging_;  ///< where links are made before they are renamed
  /// A directory is writable for a moment: one thread at a time closes it again.
  Mutex mutex_;
};

}  // namespace grange
