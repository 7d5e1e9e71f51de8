#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

/// Removes one tree by descriptors. A builder may leave a tree of any depth, so what lies too deep
/// is moved up to the top and removed from there: neither stack nor descriptors run out.
class TreeRemover {
 public:
  RemovedBytes remove(int directory, const std::string& name, const std::string& shown) {
    remove_node(directory, name.c_str(), DT_UNKNOWN, shown, 0);
    return bytes_;
  }

 private:
  static constexpr int kMaxDepth = 32;  ///< a descriptor per level, and several trees at once
  /// Of entries at once: enough for most directories, and little enough for a stack of them.
  static constexpr std::size_t kBuffer = 8192;

  /// `type` spares a look at what is a directory anyway.
  void remove_node(int parent, const char* name, unsigned char type, const std::string& shown,
                   int depth) {
    const bool directory = type == DT_DIR || look_at(parent, name, shown, depth);
    if (directory) {
      if (depth > kMaxDepth) return move_to_top(parent, name, shown);
      empty_directory(parent, name, shown, depth);
    }
    const int flags = directory ? AT_REMOVEDIR : 0;
    int removed = ::unlinkat(parent, name, flags);
    if (removed != 0 && errno == EACCES && depth > 0 && ::fchmod(parent, S_IRWXU) == 0) {
      removed = ::unlinkat(parent, name, flags);
    }
    if (removed != 0 && errno != ENOENT) throw_errno("removing", shown);
  }

  /// Is it a directory? A file's bytes are counted.
  bool look_at(int parent, const char* name, const std::string& shown, int depth) {
    struct stat status {};
    // Modes are changed only where they forbid something: root is spared a write per directory.
    int looked = ::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW);
    if (looked != 0 && errno == EACCES && depth > 0 && ::fchmod(parent, S_IRWXU) == 0) {
      looked = ::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW);
    }
    if (looked != 0) {
      if (errno == ENOENT) return false;
      throw_errno("looking at", shown);
    }
    if (S_ISREG(status.st_mode)) {
      const auto size = static_cast<std::uint64_t>(status.st_size);
      if (status.st_nlink == 1) bytes_.freed += size;
      if (status.st_nlink == 2) bytes_.linked += size;
    }
    return S_ISDIR(status.st_mode);
  }

  void empty_directory(int parent, const char* name, const std::string& shown, int depth) {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    FileDescriptor directory(::openat(parent, name, kFlags));
    if (!directory && errno == EACCES && ::fchmodat(parent, name, S_IRWXU, 0) == 0) {
      directory = FileDescriptor(::openat(parent, name, kFlags));
    }
    if (!directory) {
      if (errno == ENOENT) return;
      throw_errno("opening", shown);
    }
    if (depth == 0) top_ = directory.get();
    for (std::uint64_t moved = ~std::uint64_t{0}; moved != moved_;) {
      moved = moved_;
      remove_entries(directory.get(), shown, depth);
      if (depth > 0) return;
      ::lseek(directory.get(), 0, SEEK_SET);  // what was moved up meanwhile
    }
  }

  void remove_entries(int directory, const std::string& shown, int depth) {
    alignas(dirent64) std::array<char, kBuffer> buffer;
    for (;;) {
      const ssize_t size = ::getdents64(directory, buffer.data(), buffer.size());
      if (size < 0) throw_errno("reading the directory", shown);
      if (size == 0) return;
      for (ssize_t at = 0; at < size;) {
        const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
        at += entry->d_reclen;
        const std::string_view child = entry->d_name;
        if (child == "." || child == "..") continue;
        remove_node(directory, entry->d_name, entry->d_type, shown + "/" + entry->d_name,
                    depth + 1);
      }
    }
  }

  void move_to_top(int parent, const char* name, const std::string& shown) {
    ::fchmodat(parent, name, S_IRWXU, 0);  // its ".." changes, which is writing to it
    ::fchmod(parent, S_IRWXU);
    ::fchmod(top_, S_IRWXU);
    for (;;) {
      const std::string there = ".grange-removing-" + std::to_string(moved_++);
      if (::renameat(parent, name, top_, there.c_str()) == 0) return;
      // A name that the tree itself holds: take the next one.
      if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) {
        throw_errno("removing", shown);
      }
    }
  }

  int top_ = -1;
  std::uint64_t moved_ = 0;
  RemovedBytes bytes_;
};

}  // namespace

std::uint64_t remove_tree(const std::filesystem::path& path) {
  const std::string text = path.string();
  return TreeRemover().remove(AT_FDCWD, text, text).freed;
}

RemovedBytes remove_tree_at(int directory, const std::string& name, const std::string& shown) {
  return TreeRemover().remove(directory, name, shown);
}

}  // namespace grange
