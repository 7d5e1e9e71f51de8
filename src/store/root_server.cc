#include "store/root_server.h"

#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "store/collector_socket.h"
#include "store/gc_roots.h"

namespace grange {
namespace {

constexpr std::size_t kLineLimit = 8192;
constexpr std::size_t kMostClients = 1000;
/// How soon who waits for a deletion hears of its end, and we of what a client has written.
constexpr int kWaitMilliseconds = 2;

long process_at_other_end(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

}  // namespace

RootServer::Client::Client(FileDescriptor connection)
    : socket(std::move(connection)), process(process_at_other_end(socket.get())) {}

RootServer::Client::~Client() {
  close_gently(std::move(socket));
}

RootServer::RootServer(const StoreLocation& location, DeletionGate& gate)
    : location_(location), gate_(gate), listener_(listen_at_collector_socket(location.state)) {
  std::tie(stop_read_, stop_write_) = make_pipe();
  thread_ = std::thread([this] { serve(); });
}

RootServer::~RootServer() {
  stop_write_.reset();  // its other end becomes readable
  thread_.join();
}

void RootServer::serve() noexcept {
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> deadline;  // once we are to end
  std::vector<pollfd> polled;
  do {
    polled.assign({{stop_read_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}});
    if (deadline) polled[0].fd = polled[1].fd = -1;
    bool waiting = deadline.has_value();
    for (const Client& client : clients_) {
      waiting = waiting || !client.waiting_for.empty();
      polled.push_back({client.socket.get(), POLLIN, 0});
    }
    if (clients_.size() >= kMostClients) polled[1].fd = -1;  // the others wait to be accepted
    ::poll(polled.data(), polled.size(), waiting ? kWaitMilliseconds : -1);
    if (polled[0].revents != 0) {
      deadline = Clock::now() + kPatience;
      stop_listening();
    }
    try {
      auto poll_result = polled.begin() + 2;
      std::erase_if(clients_, [&](Client& client) {
        const bool readable = (poll_result++)->revents != 0;
        return (readable && !read_from(client)) || !answer_lines(client) ||
               (deadline && has_handed_over(client));
      });
      if (polled[1].revents != 0 && !deadline) accept_clients();
    } catch (const std::exception&) {  // out of memory: they connect again
      clients_.clear();
    }
  } while (!deadline || (!clients_.empty() && Clock::now() < *deadline));
  clients_.clear();
}

FileDescriptor RootServer::accept_one() {
  return FileDescriptor(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

void RootServer::accept_clients() {
  while (clients_.size() < kMostClients) {
    FileDescriptor socket = accept_one();
    if (!socket) return;
    clients_.emplace_back(std::move(socket));
  }
}

void RootServer::stop_listening() noexcept {
  ::shutdown(listener_.get(), SHUT_RDWR);
  // Who has connected and was never accepted would be reset.
  while (FileDescriptor socket = accept_one()) close_gently(std::move(socket));
}

bool RootServer::has_handed_over(const Client& client) const {
  return client.waiting_for.empty() &&
         (client.last_told.empty() ||
          has_written_root(location_, client.process, client.last_told));
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
      std::string line = client.input.substr(0, end);
      client.input.erase(0, end + 1);
      const auto path = location_.store_dir.try_parse_path(line);
      // Other text is no path of ours: there is nothing to protect, and nobody to tell.
      if (path) {
        gate_.protect(path->hash_part());
        client.waiting_for = path->hash_part();
        client.last_told = std::move(line);
        continue;
      }
    }
    if (::send(client.socket.get(), "1", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) return false;
  }
}

}  // namespace grange
