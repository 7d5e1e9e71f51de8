#include "store/temporary_roots.h"

#include <cerrno>
#include <chrono>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/stream.h"
#include "store/collector_socket.h"
#include "store/gc_roots.h"

namespace grange {
namespace {

/// When our own pid's file is in use: by another process under the same pid in another namespace,
/// or by this process with the store opened twice.
constexpr long kNames = 500;
/// A collector answers at once, except while it deletes something large.
constexpr auto kCollectorPatience = std::chrono::minutes(10);

/// Does a path lead to this very file?
bool is_file_at(int fd, const std::filesystem::path& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace

TemporaryRoots::TemporaryRoots(const StoreLocation& location)
    : store_dir_(location.store_dir), state_(location.state) {}

TemporaryRoots::~TemporaryRoots() {
  if (file_) ::unlink(name_.c_str());
}

void TemporaryRoots::add(const std::set<StorePath>& paths) {
  const MutexLock lock(mutex_);
  std::set<StorePath> fresh;
  for (const StorePath& path : paths) {  // few, beside what is known by the thousand
    if (!known_.contains(path)) fresh.insert(fresh.end(), path);
  }
  if (fresh.empty()) return;
  announce(fresh);
  known_.merge(fresh);
}

void TemporaryRoots::renew(const std::set<StorePath>& paths) {
  const MutexLock lock(mutex_);
  if (!paths.empty()) announce(paths);
}

void TemporaryRoots::announce(const std::set<StorePath>& paths) {
  if (!file_) open_file();
  const auto deadline = std::chrono::steady_clock::now() + kCollectorPatience;
  for (;;) {
    if (::flock(collector_lock_.get(), LOCK_SH | LOCK_NB) == 0) {
      // No collector can start before this lock is given up, and it will read our file.
      collector_.reset();
      try {
        write_roots(paths);
      } catch (...) {
        ::flock(collector_lock_.get(), LOCK_UN);
        throw;
      }
      ::flock(collector_lock_.get(), LOCK_UN);
      break;
    }
    if (errno != EWOULDBLOCK && errno != EINTR) throw_errno("locking the collector's lock");
    if (tell_collector(paths)) {
      write_roots(paths);
      // Between its answer and our writing it may have ended and another have read our file.
      if (is_collector_still_there()) break;
      continue;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      throw UnavailableError("a garbage collection in '" + state_.string() +
                             "' is running and has not answered for ten minutes");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void TemporaryRoots::open_file() {
  collector_lock_ = grange::open_file(state_ / "gc.lock", O_RDWR | O_CREAT, 0600);
  const auto directory = state_ / "temproots";
  grange::create_directories(directory);
  for (long i = 0; i < kNames; ++i) {
    const auto name = directory / std::to_string(::getpid() + i * kTemporaryRootsStride);
    FileDescriptor file = grange::open_file(name, O_RDWR | O_CREAT, 0600);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) continue;
    // Whoever found it stale before us may have unlinked it: then this name is looked at again.
    if (!is_file_at(file.get(), name)) {
      --i;
      continue;
    }
    if (::ftruncate(file.get(), 0) != 0) throw_errno("emptying", name.string());
    file_ = std::move(file);
    name_ = name;
    return;
  }
  throw UnavailableError("no free name for temporary roots in '" + directory.string() + "'");
}

void TemporaryRoots::write_roots(const std::set<StorePath>& paths) {
  std::string text;
  for (const StorePath& path : paths) text.append(store_dir_.print(path)).append(1, '\0');
  const std::string name = name_.string();
  FdSink sink(file_.get());
  with_context([&] { return "while writing temporary roots to '" + name + "'"; },
               [&] { sink.write(text); });
}

bool TemporaryRoots::tell_collector(const std::set<StorePath>& paths) {
  for (const StorePath& path : paths) {
    if (!send_to_collector(store_dir_.print(path) + "\n")) {
      collector_.reset();
      return false;
    }
  }
  return true;
}

/// A collector closes its connections before it gives up its lock, and nothing is to be read here.
bool TemporaryRoots::is_collector_still_there() {
  char byte = 0;
  ssize_t count = 0;
  do {
    count = ::recv(collector_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
  collector_.reset();
  return false;
}

bool TemporaryRoots::send_to_collector(const std::string& line) {
  if (!collector_) collector_ = connect_to_collector_socket(state_);
  if (!collector_) return false;
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t count =
        ::send(collector_.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  pollfd readable{collector_.get(), POLLIN, 0};
  constexpr auto kPatience =
      std::chrono::duration_cast<std::chrono::milliseconds>(kCollectorPatience).count();
  int ready = 0;
  do {
    ready = ::poll(&readable, 1, static_cast<int>(kPatience));
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return false;
  char answer = 0;
  return ::recv(collector_.get(), &answer, 1, 0) == 1 && answer == '1';
}

}  // namespace grange
