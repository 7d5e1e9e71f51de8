#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>

namespace grange {

/// Owns one file descriptor, always close-on-exec.
class FileDescriptor {
 public:
  FileDescriptor() noexcept = default;
  explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset() noexcept;

 private:
  int fd_ = -1;
};

/// open(2) with O_CLOEXEC added. Throws NotFoundError for ENOENT, SystemError otherwise.
FileDescriptor open_file(const std::filesystem::path& path, int flags, mode_t mode = 0666);
/// Both ends close-on-exec: {read, write}.
std::pair<FileDescriptor, FileDescriptor> make_pipe();

/// The whole file. Throws NotFoundError, SystemError, or CorruptError beyond `limit` bytes.
std::string read_file(const std::filesystem::path& path,
                      std::uint64_t limit = std::uint64_t{1} << 32);
/// As above, but nothing when the file does not exist.
std::optional<std::string> try_read_file(const std::filesystem::path& path,
                                         std::uint64_t limit = std::uint64_t{1} << 32);

enum class Durability {
  atomic,  ///< readers see the old or the new content; a power cut may lose the new one
  synced,  ///< also on disk when the call returns (file, then directory)
};
/// Writes a sibling temporary and renames it into place.
void write_file(const std::filesystem::path& path, std::string_view content,
                Durability durability = Durability::atomic, mode_t mode = 0644);
/// fsync of a directory, so that the names in it are on disk.
void sync_directory(const std::filesystem::path& path);

/// Creates it and its parents; fine when it exists.
void create_directories(const std::filesystem::path& path, mode_t mode = 0755);
/// Removes a tree whatever its modes (read-only directories are made writable first), without
/// following symlinks and at any depth; how many bytes its files held. Fine when nothing is there.
std::uint64_t remove_tree(const std::filesystem::path& path);

/// What a removed tree's files held, in bytes.
struct RemovedBytes {
  std::uint64_t freed = 0;   ///< of files that had no other name
  std::uint64_t linked = 0;  ///< of files that had exactly one more, elsewhere or in the tree
};
/// The same for the entry `name` of an open directory, which `shown` names in errors.
RemovedBytes remove_tree_at(int directory, const std::string& name, const std::string& shown);

/// A fresh private directory below `parent`, removed with all it holds.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::filesystem::path& parent,
                              std::string_view prefix = "grange");
  /// Below $TMPDIR or /tmp.
  TemporaryDirectory();
  TemporaryDirectory(TemporaryDirectory&& other) noexcept;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory();

  const std::filesystem::path& path() const noexcept { return path_; }
  /// Leaves the directory behind, for example for --keep-failed.
  std::filesystem::path keep() noexcept { return std::exchange(path_, {}); }

 private:
  std::filesystem::path path_;
};

}  // namespace grange
