#include "process/mounting.h"

#include <cerrno>
#include <memory>
#include <string_view>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "process/namespaces.h"

namespace grange {
namespace {

constexpr const char* kHost = "/.grange-host";

/// An empty file to mount a file on.
void make_mount_file(const std::string& path) {
  if (::mknod(path.c_str(), S_IFREG | 0444, 0) != 0) throw_errno("creating", path);
}

void write_new_file(const std::string& path, std::string_view content) {
  const FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0444));
  if (!file) throw_errno("creating", path);
  while (!content.empty()) {
    const auto count = ::write(file.get(), content.data(), content.size());
    if (count < 0 && errno != EINTR) throw_errno("writing", path);
    if (count > 0) content.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// No symlink to one, which an earlier step might have left.
bool is_directory_itself(const std::string& path) {
  const int error = errno;
  struct stat found {};
  const bool is = ::lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
  errno = error;
  return is;
}

}  // namespace

void make_mounts_private() {
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0) return;
  if (errno == EINVAL) {
    throw DeniedError(
        "making all mounts private: '/' is no mount point, as in a plain chroot. Make it one "
        "(mount --bind DIR DIR before chroot DIR; without root also enter it with pivot_root), "
        "or build with --no-sandbox in the plain /nix/store");
  }
  throw_mount_error("making all mounts private");
}

void mount_filesystem(const char* type, const std::string& target, unsigned long flags,
                      const char* options) {
  if (::mount(type, target.c_str(), type, flags, options) != 0) {
    throw_mount_error(std::string("mounting ") + type + " at '" + target + "'");
  }
}

void bind_mount(const std::string& source, const std::string& target, bool recursive) {
  unsigned long flags = MS_BIND;
  if (recursive) flags |= MS_REC;
  if (::mount(source.c_str(), target.c_str(), nullptr, flags, nullptr) != 0) {
    throw_mount_error("binding '" + source + "' at '" + target + "'");
  }
}

void set_mount_attributes(const std::string& target, std::uint64_t set, std::uint64_t clear,
                          bool recursive) {
  mount_attr attributes{};
  attributes.attr_set = set;
  attributes.attr_clr = clear;
  if (::mount_setattr(AT_FDCWD, target.c_str(), recursive ? AT_RECURSIVE : 0U, &attributes,
                      sizeof(attributes)) != 0) {
    throw_mount_error("setting the attributes of the mount at '" + target + "'");
  }
}

DetachedMount::DetachedMount(const std::string& source, Below below)
    : tree_(::open_tree(AT_FDCWD, source.c_str(),
                        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
                            (below == Below::included ? unsigned{AT_RECURSIVE}
                                                      : unsigned{AT_SYMLINK_NOFOLLOW}))) {
  if (!tree_) throw_mount_error("binding '" + source + "'");
}

void DetachedMount::make_private_and_read_only() const {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  attributes.propagation = MS_PRIVATE;
  if (::mount_setattr(tree_.get(), "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) != 0) {
    throw_mount_error("making a bound tree read-only");
  }
}

void DetachedMount::attach(const std::string& target) const {
  if (::move_mount(tree_.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    throw_mount_error("mounting at '" + target + "'");
  }
}

void DetachedMount::attach(int target, const std::string& shown) const {
  if (::move_mount(tree_.get(), "", target, "",
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    throw_mount_error("mounting '" + shown + "'");
  }
}

NewRoot::NewRoot(const std::string& mount_at) {
  mount_filesystem("tmpfs", mount_at, MS_NOSUID | MS_NODEV, "mode=0755");
  const std::string host = mount_at + kHost;
  if (::mkdir(host.c_str(), 0700) != 0) throw_errno("creating", host);
  if (::syscall(SYS_pivot_root, mount_at.c_str(), host.c_str()) != 0) {
    throw_mount_error("making a new root directory at '" + mount_at + "'");
  }
  if (::chdir("/") != 0) throw_errno("entering the new root directory");
}

std::string NewRoot::on_host(const std::string& path) {
  return kHost + path;
}

void NewRoot::make(const VisibleTree::Entry& entry) {
  switch (entry.kind) {
    case VisibleTree::Kind::directory:
    case VisibleTree::Kind::bind_directory:
      // A store directory below /tmp is there already, in the step's own /tmp.
      if (::mkdir(entry.path.c_str(), 0755) != 0 &&
          (errno != EEXIST || !is_directory_itself(entry.path))) {
        throw_errno("creating", entry.path);
      }
      return;
    case VisibleTree::Kind::symlink:
      if (::symlink(entry.text.c_str(), entry.path.c_str()) != 0) {
        throw_errno("creating", entry.path);
      }
      return;
    case VisibleTree::Kind::file:
      return write_new_file(entry.path, entry.text);
    case VisibleTree::Kind::bind_file:
    case VisibleTree::Kind::bind_device:
      return make_mount_file(entry.path);
  }
}

void NewRoot::bind(const VisibleTree::Entry& entry) {
  switch (entry.kind) {
    case VisibleTree::Kind::bind_directory:
    case VisibleTree::Kind::bind_file:
    case VisibleTree::Kind::bind_device:
      return bind_mount(on_host(entry.text), entry.path, /*recursive=*/true);
    case VisibleTree::Kind::directory:
    case VisibleTree::Kind::symlink:
    case VisibleTree::Kind::file:
      return;
  }
}

void NewRoot::leave_host() {
  if (::umount2(kHost, MNT_DETACH) != 0) throw_mount_error("leaving the host's root directory");
  if (::rmdir(kHost) != 0) throw_errno("removing", kHost);
}

}  // namespace grange
