#include "daemon/peer_watch.h"

#include <array>
#include <cerrno>
#include <cstdint>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

FileDescriptor new_event() {
  FileDescriptor event(::eventfd(0, EFD_CLOEXEC));
  if (!event) throw_errno("making an eventfd");
  return event;
}

}  // namespace

PeerWatch::PeerWatch(int descriptor, const std::stop_token& also)
    : descriptor_(descriptor),
      wake_(new_event()),
      also_(also, [this] { stop_.request_stop(); }),
      thread_([this] { run(); }) {}

PeerWatch::~PeerWatch() {
  const std::uint64_t one = 1;
  while (::write(wake_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void PeerWatch::run() {
  // POLLHUP and POLLERR come unasked; POLLRDHUP is a socket's end of what it sends.
  std::array<pollfd, 2> watched{{{descriptor_, POLLRDHUP, 0}, {wake_.get(), POLLIN, 0}}};
  while (::poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) {
  }
  if (watched[1].revents == 0) stop_.request_stop();
}

}  // namespace grange
