#include <cerrno>
#include <cstdint>
#include <memory>
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
  std::uint64_t remove(const std::string& root) {
    remove_node(AT_FDCWD, root.c_str(), root, 0);
    return freed_;
  }

 private:
  static constexpr int kMaxDepth = 64;

  void remove_node(int parent, const char* name, const std::string& shown, int depth) {
    struct stat status {};
    if (::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return;
      throw_errno("looking at", shown);
    }
    if (S_ISDIR(status.st_mode)) {
      if ((status.st_mode & S_IRWXU) != S_IRWXU) {
        ::fchmodat(parent, name, (status.st_mode & 07777) | S_IRWXU, 0);
      }
      if (depth > kMaxDepth) return move_to_top(parent, name, shown);
      empty_directory(parent, name, shown, depth);
    } else if (S_ISREG(status.st_mode) && status.st_nlink == 1) {
      freed_ += static_cast<std::uint64_t>(status.st_size);
    }
    const int flags = S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0;
    if (::unlinkat(parent, name, flags) != 0 && errno != ENOENT) throw_errno("removing", shown);
  }

  void empty_directory(int parent, const char* name, const std::string& shown, int depth) {
    const int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) throw_errno("opening", shown);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), &::closedir);
    if (depth == 0) top_ = fd;
    for (std::uint64_t moved = ~std::uint64_t{0}; moved != moved_;) {
      moved = moved_;
      while (const dirent* entry = ::readdir(stream.get())) {
        const std::string_view child = entry->d_name;
        if (child == "." || child == "..") continue;
        remove_node(fd, entry->d_name, shown + "/" + entry->d_name, depth + 1);
      }
      if (depth > 0) return;
      ::rewinddir(stream.get());  // what was moved up meanwhile
    }
  }

  void move_to_top(int parent, const char* name, const std::string& shown) {
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
  std::uint64_t freed_ = 0;
};

}  // namespace

std::uint64_t remove_tree(const std::filesystem::path& path) {
  return TreeRemover().remove(path.string());
}

}  // namespace grange
