#include "store/path_locks.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::string_view kLockEnding = ".lock";

/// As this program and nix make them: empty, and only their owner's. Objects are read-only.
bool looks_like_lock(const std::filesystem::path& file) {
  struct stat status {};
  return ::lstat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0 &&
         (status.st_mode & 07777) == 0600;
}

/// Opens and locks one file; nothing when another holds it.
std::optional<FileDescriptor> try_lock_file(const std::filesystem::path& file) {
  for (;;) {
    FileDescriptor lock = open_file(file, O_RDWR | O_CREAT, 0600);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      if (errno == EINTR) continue;
      throw_errno("locking", file.string());
    }
    // Its last holder may have marked it stale (by a byte in it) and unlinked it while we opened
    // it: then it locks nothing any more.
    struct stat status {};
    if (::fstat(lock.get(), &status) != 0) throw_errno("looking at", file.string());
    if (status.st_size == 0 && status.st_nlink > 0) return lock;
    struct stat named {};
    if (status.st_size != 0 && ::stat(file.c_str(), &named) == 0 && named.st_ino == status.st_ino &&
        named.st_dev == status.st_dev) {
      ::unlink(file.c_str());  // its holder died between marking and unlinking
    }
  }
}

}  // namespace

PathLocks::~PathLocks() {
  release();
}

PathLocks& PathLocks::operator=(PathLocks&& other) noexcept {
  if (this != &other) {
    release();
    locks_ = std::exchange(other.locks_, {});
    remove_ = other.remove_;
  }
  return *this;
}

void PathLocks::release() noexcept {
  for (auto& [file, lock] : locks_) {
    if (remove_) {
      ::unlink(file.c_str());
      // Whoever has it open and waits sees that it is stale. Nothing depends on success: they
      // also see that it is unlinked.
      [[maybe_unused]] const auto written = ::write(lock.get(), "d", 1);
    }
    lock.reset();
  }
  locks_.clear();
}

std::vector<int> PathLocks::descriptors() const {
  std::vector<int> descriptors;
  descriptors.reserve(locks_.size());
  for (const auto& [file, lock] : locks_) descriptors.push_back(lock.get());
  return descriptors;
}

std::optional<PathLocks> try_lock_paths(const StoreLocation& location,
                                        const std::set<StorePath>& paths) {
  PathLocks locks;
  for (const StorePath& path : paths) {  // sorted: two who want the same ones cannot block each
                                         // other half way
    auto file = location.real_store / (path.base_name() + std::string(kLockEnding));
    auto lock = try_lock_file(file);
    if (!lock) return std::nullopt;
    locks.add(std::move(file), std::move(*lock));
  }
  return locks;
}

PathLocks lock_paths(const StoreLocation& location, const std::set<StorePath>& paths,
                     const std::stop_token& stop, std::optional<std::chrono::seconds> patience) {
  const auto begin = std::chrono::steady_clock::now();
  auto pause = std::chrono::milliseconds(1);
  for (;;) {
    if (stop.stop_requested()) throw CancelledError("waiting for another process was cancelled");
    if (auto locks = try_lock_paths(location, paths)) return std::move(*locks);
    if (patience && std::chrono::steady_clock::now() - begin >= *patience) {
      throw UnavailableError("another process has locked '" +
                             location.store_dir.print(*paths.begin()) + "' for " +
                             format_duration(static_cast<double>(patience->count())));
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(100));
  }
}

void remove_free_locks(LocalStore& store) {
  std::vector<StorePath> names;
  for (const auto& entry : std::filesystem::directory_iterator(store.location().real_store)) {
    auto name = StorePath::try_parse(entry.path().filename().string());
    if (name && name->name().ends_with(kLockEnding)) names.push_back(std::move(*name));
  }
  for (const StorePath& name : names) {
    // An object may be called so (`Cargo.lock`). Locked as one, nobody is just adding it.
    auto as_object = store.try_lock({name});
    if (!as_object) continue;
    as_object->remove_files();
    if (store.is_valid(name) || !looks_like_lock(store.real_path(name))) continue;
    const std::string& text = name.base_name();
    const auto locked = StorePath::try_parse(text.substr(0, text.size() - kLockEnding.size()));
    if (!locked) continue;
    if (auto lock = store.try_lock({*locked})) lock->remove_files();
  }
}

}  // namespace grange
