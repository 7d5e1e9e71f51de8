#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "archive/nar_visitor.h"
#include "base/file.h"

namespace grange {

/// Creates the tree that it is told of at `destination`, which must not exist. Everything is made
/// relative to descriptors of directories that it made itself, with O_EXCL and O_NOFOLLOW, so no
/// name or symlink can lead outside. Unless `finish` was called, the destructor removes what was
/// made. Modes are the process's defaults; the caller makes them canonical.
class TreeWriter final : public NarVisitor {
 public:
  /// Throws NotFoundError when the parent directory does not exist.
  explicit TreeWriter(const std::filesystem::path& destination);
  ~TreeWriter() override;
  TreeWriter(const TreeWriter&) = delete;
  TreeWriter& operator=(const TreeWriter&) = delete;

  void directory_begin(std::string_view name) override;
  void directory_end() override;
  void file_begin(std::string_view name, bool executable, std::uint64_t size) override;
  void file_data(std::string_view data) override;
  void file_end() override;
  void symlink(std::string_view name, std::string_view target) override;
  /// The tree is complete and stays.
  void finish() { created_ = false; }

 private:
  struct Directory {
    FileDescriptor fd;
    std::string name;
  };
  int parent() const;
  /// The node's name in its parent; keeps it for messages.
  const char* enter(std::string_view name);
  std::string shown() const;
  [[noreturn]] void fail(std::string_view verb) const;

  std::filesystem::path destination_;
  std::string root_name_;
  FileDescriptor root_parent_;
  std::vector<Directory> open_;
  FileDescriptor file_;
  std::string name_;
  bool created_ = false;
};

}  // namespace grange
