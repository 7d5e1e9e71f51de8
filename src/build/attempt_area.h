#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "build/build_area.h"

namespace grange {

/// The directories of one attempt. The destructor removes them all.
class AttemptArea {
 public:
  explicit AttemptArea(BuildArea& area);
  ~AttemptArea();
  AttemptArea(const AttemptArea&) = delete;
  AttemptArea& operator=(const AttemptArea&) = delete;

  /// Notes what may be left half-made in the store directory.
  void note_outputs(const std::vector<StorePath>& outputs);
  /// An empty directory on the store's file system.
  std::filesystem::path make_directory(std::string_view name, mode_t mode);
  /// A name for one file (nothing stands there yet) on the store's file system.
  std::filesystem::path spool_file();
  /// A new build directory for an unsandboxed builder: PARENT/nix-build-NAME-N with the least N
  /// that is free.
  std::filesystem::path make_build_directory(const std::filesystem::path& parent,
                                             std::string_view name);
  /// Leaves a build directory made above where it is.
  void keep_build_directory();
  /// Takes it away, so that the next one may have its name.
  void discard_build_directory();

 private:
  std::filesystem::path spool_file_path() const;

  BuildArea& area_;
  BuildArea::AttemptId id_;
  std::filesystem::path path_;             ///< empty until something is in it
  std::filesystem::path build_directory_;  ///< elsewhere
  bool spooled_ = false;
};

/// Makes PARENT/PREFIX-N with the least N that is free.
std::filesystem::path make_numbered_directory(const std::filesystem::path& parent,
                                              std::string_view prefix, mode_t mode);

}  // namespace grange
