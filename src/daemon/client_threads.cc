#include "daemon/client_threads.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

/// A client that does not speak (or read) holds a thread; the operating system's limit is ours.
constexpr auto kFullPause = std::chrono::milliseconds(100);

}  // namespace

ClientThreads::ClientThreads(int listening, std::size_t most, Serve serve, Note note)
    : listening_(listening), most_(most), serve_(std::move(serve)), note_(std::move(note)) {}

void ClientThreads::run(const std::stop_token& stop) {
  const FileDescriptor wake(::eventfd(0, EFD_CLOEXEC));
  if (!wake) throw_errno("making an eventfd");
  const std::stop_callback on_stop(stop, [&] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake.get(), &one, sizeof one);
  });
  while (!stop.stop_requested()) {
    std::array<pollfd, 2> watched{{{listening_, POLLIN, 0}, {wake.get(), POLLIN, 0}}};
    if (::poll(watched.data(), watched.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw_errno("waiting for clients");
    }
    reap();
    if ((watched[0].revents & POLLIN) != 0) accept_one();
  }
  std::list<Connection> last;
  {
    const MutexLock lock(mutex_);
    for (auto& connection : connections_) ::shutdown(connection.socket.get(), SHUT_RDWR);
    last.splice(last.end(), connections_);
  }
}

void ClientThreads::accept_one() {
  FileDescriptor client(::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC));
  if (!client) {
    // Out of descriptors or memory: that passes, or nothing here would help.
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      std::this_thread::sleep_for(kFullPause);
    }
    return;
  }
  const MutexLock lock(mutex_);
  if (connections_.size() >= most_) {
    note_("a client is turned away: there are " + std::to_string(most_) + " already");
    return;
  }
  auto& connection = connections_.emplace_back(Connection{std::move(client)});
  try {
    connection.thread = std::jthread([this, &connection] { serve(connection); });
  } catch (const std::system_error& error) {
    note_(std::string("a client is turned away: ") + error.what());
    connections_.pop_back();
  }
}

void ClientThreads::serve(Connection& connection) noexcept {
  try {
    serve_(connection.socket.get());
  } catch (const std::exception& error) {
    note_(error.what());
  }
  ::shutdown(connection.socket.get(), SHUT_RDWR);
  const MutexLock lock(mutex_);
  connection.ended = true;
}

void ClientThreads::reap() {
  std::list<Connection> ended;
  const MutexLock lock(mutex_);
  for (auto next = connections_.begin(); next != connections_.end();) {
    const auto present = next++;
    if (present->ended) ended.splice(ended.end(), connections_, present);
  }
}

}  // namespace grange
