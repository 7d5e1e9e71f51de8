#include "store/root_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

constexpr int kBacklog = 128;
constexpr std::size_t kLineLimit = 8192;
constexpr std::size_t kMostClients = 1000;
/// How soon who waits for a deletion hears of its end.
constexpr int kWaitMilliseconds = 2;

/// Makes the socket under a name of its own and renames it into place: whoever finds the name can
/// connect. It is left behind at the end, as Nix does; to connect is then refused.
FileDescriptor listen_at(const std::filesystem::path& directory) {
  grange::create_directories(directory);
  const FileDescriptor parent = open_file(directory, O_PATH | O_DIRECTORY);
  const std::string name = "socket.new-" + std::to_string(::getpid());
  // A socket's path is short: a long one is reached through a descriptor of its directory.
  std::string path = (directory / name).string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    path = "/proc/self/fd/" + std::to_string(parent.get()) + "/" + name;
  }
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ::unlinkat(parent.get(), name.c_str(), 0);
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) throw_errno("making a socket");
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::fchmodat(parent.get(), name.c_str(), 0666, 0) != 0 ||
      ::listen(socket.get(), kBacklog) != 0 ||
      ::renameat(parent.get(), name.c_str(), parent.get(), "socket") != 0) {
    throw_errno("making the socket", (directory / "socket").string());
  }
  return socket;
}

}  // namespace

RootServer::RootServer(const StoreLocation& location, DeletionGate& gate)
    : store_dir_(location.store_dir),
      gate_(gate),
      listener_(listen_at(location.state / "gc-socket")) {
  std::tie(stop_read_, stop_write_) = make_pipe();
  thread_ = std::thread([this] { serve(); });
}

RootServer::~RootServer() {
  stop_write_.reset();  // its other end becomes readable
  thread_.join();
}

void RootServer::serve() noexcept {
  std::vector<pollfd> polled;
  for (;;) {
    polled.assign({{stop_read_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}});
    bool waiting = false;
    for (const Client& client : clients_) {
      waiting = waiting || !client.waiting_for.empty();
      polled.push_back({client.socket.get(), POLLIN, 0});
    }
    if (clients_.size() >= kMostClients) polled[1].fd = -1;  // the others wait to be accepted
    ::poll(polled.data(), polled.size(), waiting ? kWaitMilliseconds : -1);
    if (polled[0].revents != 0) return;
    try {
      for (std::size_t i = clients_.size(); i-- > 0;) {
        const bool readable = polled[i + 2].revents != 0;
        if ((readable && !read_from(clients_[i])) || !answer_lines(clients_[i])) {
          clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(i));
        }
      }
      if (polled[1].revents != 0) accept_clients();
    } catch (const std::exception&) {  // out of memory: they connect again
      clients_.clear();
    }
  }
}

void RootServer::accept_clients() {
  while (clients_.size() < kMostClients) {
    FileDescriptor socket(
        ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;
    clients_.push_back({std::move(socket), {}, {}});
  }
}

bool RootServer::read_from(Client& client) {
  std::array<char, kLineLimit> buffer;
  const ssize_t count = ::read(client.socket.get(), buffer.data(), buffer.size());
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) return false;
  client.input.append(buffer.data(), static_cast<std::size_t>(count));
  return client.input.size() <= kLineLimit || client.input.find('\n') < kLineLimit;
}

bool RootServer::answer_lines(Client& client) {
  for (;;) {
    if (!client.waiting_for.empty()) {
      if (gate_.is_being_deleted(client.waiting_for)) return true;
      client.waiting_for.clear();
    } else {
      const auto end = client.input.find('\n');
      if (end == std::string::npos) return true;
      const auto path = store_dir_.try_parse_path(std::string_view(client.input).substr(0, end));
      client.input.erase(0, end + 1);
      // Other text is no path of ours: there is nothing to protect, and nobody to tell.
      if (path) {
        gate_.protect(path->hash_part());
        client.waiting_for = path->hash_part();
        continue;
      }
    }
    if (::send(client.socket.get(), "1", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) return false;
  }
}

}  // namespace grange
