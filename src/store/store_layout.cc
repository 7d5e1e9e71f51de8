#include "store/store_layout.h"

#include <cerrno>
#include <chrono>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

namespace fs = std::filesystem;

constexpr long kNfsMagic = 0x6969;
/// Nix removes it before it collects garbage on a full disk, so that the database can be written.
constexpr off_t kReservedSize = off_t{8} << 20;
constexpr auto kBigLockPatience = std::chrono::minutes(10);

/// The path itself, or the nearest directory above it that exists.
fs::path existing(fs::path path) {
  while (::access(path.c_str(), F_OK) != 0 && path.has_relative_path()) path = path.parent_path();
  return path;
}

void check_directory(const fs::path& wanted) {
  const fs::path path = existing(wanted);
  const bool exists = path == wanted;
  struct stat status {};
  struct statfs system {};
  if (::stat(path.c_str(), &status) != 0) throw_errno("looking at", path.string());
  if (::statfs(path.c_str(), &system) != 0) throw_errno("looking at", path.string());
  if (system.f_type == kNfsMagic) {
    throw ConflictError("'" + path.string() +
                        "' is on NFS, where the store's locks and database are not safe; use a "
                        "local file system");
  }
  const std::string other_place = "; name another place with --store";
  if ((system.f_flags & ST_RDONLY) != 0) {
    throw DeniedError("'" + path.string() + "' is on a read-only file system" + other_place);
  }
  if (exists && status.st_uid != ::geteuid()) {
    throw DeniedError("the store directory '" + path.string() + "' belongs to user " +
                      std::to_string(status.st_uid) + ", not to us (" +
                      std::to_string(::geteuid()) + ")" + other_place);
  }
  if (::access(path.c_str(), W_OK | X_OK) != 0) {
    throw DeniedError("we may not write to '" + path.string() + "'" + other_place);
  }
}

dev_t device_of(const fs::path& path) {
  struct stat status {};
  if (::stat(existing(path).c_str(), &status) != 0) throw_errno("looking at", path.string());
  return status.st_dev;
}

void make_link(const fs::path& target, const fs::path& link) {
  if (::symlink(target.c_str(), link.c_str()) != 0 && errno != EEXIST) {
    throw_errno("creating symlink", link.string());
  }
}

}  // namespace

void check_store_place(const StoreLocation& location) {
  check_directory(location.real_store);
  check_directory(location.state);
  check_directory(location.state / "db");
  if (device_of(location.real_store) != device_of(location.own_state())) {
    throw ConflictError("'" + location.real_store.string() + "' and '" +
                        location.own_state().string() +
                        "' are on different file systems, so that nothing can be moved into the "
                        "store at once; let both be on one");
  }
}

void create_store_layout(const StoreLocation& location) {
  const fs::path& state = location.state;
  for (const fs::path& directory :
       {location.real_store, location.real_store / ".links", state, state / "db",
        state / "temproots", state / "profiles", state / "profiles/per-user", state / "gcroots",
        state / "gcroots/auto", state / "gcroots/per-user", location.logs, location.logs / "drvs",
        location.own_state()}) {
    grange::create_directories(directory);
  }
  make_link(state / "profiles", state / "gcroots/profiles");
  reserve_space(location);
}

void reserve_space(const StoreLocation& location) {
  const fs::path file = location.state / "db/reserved";
  const FileDescriptor fd = open_file(file, O_WRONLY | O_CREAT, 0600);
  struct stat status {};
  if (::fstat(fd.get(), &status) == 0 && status.st_size == kReservedSize) return;
  // Not to have it is no reason to fail.
  if (::posix_fallocate(fd.get(), 0, kReservedSize) != 0) {
    if (::ftruncate(fd.get(), 0) != 0) throw_errno("emptying", file.string());
  }
}

FileDescriptor hold_big_lock(const StoreLocation& location, bool read_only) {
  const fs::path file = location.state / "db/big-lock";
  FileDescriptor lock(
      ::open(file.c_str(), (read_only ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC, 0600));
  if (!lock) {
    if (read_only) return lock;
    throw_errno("opening", file.string());
  }
  const auto deadline = std::chrono::steady_clock::now() + kBigLockPatience;
  while (::flock(lock.get(), LOCK_SH | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) throw_errno("locking", file.string());
    if (std::chrono::steady_clock::now() >= deadline) {
      throw UnavailableError("another process has held '" + file.string() +
                             "' alone for ten minutes");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return lock;
}

}  // namespace grange
