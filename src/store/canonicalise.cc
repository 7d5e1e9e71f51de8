#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/nar_format.h"
#include "base/error.h"
#include "store/local_store.h"

namespace grange {
namespace {

/// What security modules and network file systems keep there is theirs, not the tree's.
constexpr std::array<std::string_view, 3> kKeptAttributes = {"security.selinux", "security.csm",
                                                             "system.nfs4_acl"};

constexpr timespec kOne{1, 0};

class Canonicaliser {
 public:
  Canonicaliser(std::optional<uid_t> builder, CanonicalFiles& seen)
      : builder_(builder), seen_(seen), own_(::geteuid()), group_(::getegid()) {}

  void run(const std::filesystem::path& root) {
    shown_ = root.string();
    const auto parent = root.parent_path();
    const FileDescriptor directory = open_file(parent.empty() ? "." : parent, O_PATH | O_DIRECTORY);
    const std::string name = root.filename().string();
    struct stat status = look(directory.get(), name.c_str());
    if (builder_ && !S_ISLNK(status.st_mode) && (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
      throw InvalidError("suspicious permissions on '" + shown_ +
                         "': others than the builder may write to it");
    }
    node(directory.get(), name.c_str(), 0);
  }

 private:
  struct stat look(int parent, const char* name) const {
    struct stat status {};
    if (::fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) throw NotFoundError("file '" + shown_ + "' does not exist");
      throw_errno("looking at", shown_);
    }
    return status;
  }

  void node(int parent, const char* name, std::size_t depth) {
    if (depth >= kNarMaxDepth) {
      throw InvalidError("'" + shown_ + "' lies deeper than the " + std::to_string(kNarMaxDepth) +
                         " levels that a store object may have");
    }
    const struct stat status = look(parent, name);
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) && !S_ISLNK(status.st_mode)) {
      throw InvalidError("'" + shown_ +
                         "' is no regular file, directory or symlink; a store cannot hold it");
    }
    if (accept_owner(status)) return;
    mode_t mode = status.st_mode & 07777;
    if (!S_ISLNK(status.st_mode)) {
      // Attributes go and entries are listed only where we may write and read.
      if (S_ISDIR(status.st_mode)) set_mode(parent, name, mode, mode | S_IRWXU);
      drop_attributes(parent, name, mode);
      if (S_ISDIR(status.st_mode)) children(parent, name, depth);
    }
    if (status.st_uid != own_ && ::fchownat(parent, name, own_, group_, AT_SYMLINK_NOFOLLOW) != 0) {
      throw_errno("changing the owner of", shown_);
    }
    if (!S_ISLNK(status.st_mode)) {
      const mode_t executable =
          (status.st_mode & S_IXUSR) != 0 || S_ISDIR(status.st_mode) ? 0111 : 0;
      set_mode(parent, name, mode, 0444 | executable);
    }
    if (status.st_mtim.tv_sec != kOne.tv_sec || status.st_mtim.tv_nsec != 0) set_time(parent, name);
    seen_.emplace(status.st_dev, status.st_ino);
  }

  /// True when there is nothing left to do: another name of a file that was done.
  bool accept_owner(const struct stat& status) const {
    const bool linked = !S_ISDIR(status.st_mode) && status.st_nlink > 1;
    if (linked && seen_.contains({status.st_dev, status.st_ino})) return true;
    if (builder_ && status.st_uid != *builder_) {
      throw InvalidError("suspicious ownership of '" + shown_ + "': specified user " +
                         std::to_string(*builder_) + ", got " + std::to_string(status.st_uid));
    }
    return false;
  }

  void children(int parent, const char* name, std::size_t depth) {
    const int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) throw_errno("opening", shown_);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), &::closedir);
    const std::size_t length = shown_.size();
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string_view child = entry->d_name;
      if (child == "." || child == "..") continue;
      shown_.append(1, '/').append(child);
      node(fd, entry->d_name, depth + 1);
      shown_.resize(length);
    }
  }

  void set_mode(int parent, const char* name, mode_t& current, mode_t wanted) const {
    if (current == wanted) return;
    if (::fchmodat(parent, name, wanted, 0) != 0) throw_errno("changing the mode of", shown_);
    current = wanted;
  }

  void set_time(int parent, const char* name) const {
    const timespec times[2] = {{0, UTIME_OMIT}, kOne};
    if (::utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) != 0) {
      throw_errno("changing the time of", shown_);
    }
  }

  /// Extended attributes know no directory descriptors; a path through /proc stands in for one.
  /// `mode` is kept up to date; removing a list of permissions changes it, too.
  void drop_attributes(int parent, const char* name, mode_t& mode) const {
    std::string path = "/proc/self/fd/" + std::to_string(parent) + "/" + name;
    std::array<char, 1024> few{};
    ssize_t size = ::llistxattr(path.c_str(), few.data(), few.size());
    if (size == 0) return;
    if (size < 0 && errno == ENOENT) {  // no /proc here
      path = shown_;
      size = ::llistxattr(path.c_str(), few.data(), few.size());
    }
    std::vector<char> many;
    const char* names = few.data();
    if (size < 0 && errno == ERANGE) {
      many.resize(std::size_t{64} << 10);  // the kernel's own limit
      size = ::llistxattr(path.c_str(), many.data(), many.size());
      names = many.data();
    }
    if (size < 0) {
      if (errno == ENOTSUP || errno == ENODATA) return;
      throw_errno("listing the extended attributes of", shown_);
    }
    const std::string_view list(names, static_cast<std::size_t>(size));
    for (std::size_t at = 0; at < list.size();) {
      const std::string attribute(list.substr(at, list.find('\0', at) - at));
      at += attribute.size() + 1;
      if (std::find(kKeptAttributes.begin(), kKeptAttributes.end(), attribute) !=
          kKeptAttributes.end()) {
        continue;
      }
      set_mode(parent, name, mode, mode | S_IWUSR);
      if (::lremovexattr(path.c_str(), attribute.c_str()) != 0 && errno != ENODATA) {
        throw_errno("removing extended attribute '" + attribute + "' of", shown_);
      }
      mode |= S_ISVTX | S_ISUID;  // not what any canonical mode is: it will be set
    }
  }

  const std::optional<uid_t> builder_;
  CanonicalFiles& seen_;
  const uid_t own_;
  const gid_t group_;
  std::string shown_;
};

}  // namespace

void canonicalise_tree(const std::filesystem::path& path, std::optional<uid_t> builder,
                       CanonicalFiles& seen) {
  Canonicaliser(builder, seen).run(path);
}

void canonicalise_tree(const std::filesystem::path& path, std::optional<uid_t> builder) {
  CanonicalFiles seen;
  canonicalise_tree(path, builder, seen);
}

void move_canonical_tree(const std::filesystem::path& from, const std::filesystem::path& to) {
  struct stat status {};
  if (::lstat(from.c_str(), &status) != 0) throw_errno("looking at", from.string());
  const bool directory = S_ISDIR(status.st_mode);
  if (directory && ::chmod(from.c_str(), 0755) != 0) throw_errno("opening up", from.string());
  if (::rename(from.c_str(), to.c_str()) != 0) {
    throw_errno("moving '" + from.string() + "' to", to.string());
  }
  if (directory && ::chmod(to.c_str(), 0555) != 0) throw_errno("closing", to.string());
}

}  // namespace grange
