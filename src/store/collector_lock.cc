#include <cerrno>
#include <chrono>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>

#include "base/error.h"
#include "store/collection.h"
#include "store/collector_socket.h"

namespace grange {

std::optional<FileDescriptor> lock_collector(const StoreLocation& location, bool wait,
                                             const std::stop_token& stop) {
  ensure_collector_socket(location.state);
  const auto file = location.state / "gc.lock";
  FileDescriptor lock = open_file(file, O_RDWR | O_CREAT, 0600);
  // Who adds roots holds it for moments, another collector for long: asked again and again, both
  // are outlasted, and a stop is heard.
  int moments = 0;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) throw_errno("locking", file.string());
    if (stop.stop_requested()) {
      throw CancelledError("waiting for another garbage collection was cancelled");
    }
    constexpr int kMoments = 200;
    if (!wait && ++moments > kMoments) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return lock;
}

}  // namespace grange
