#include "daemon/daemon_server.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

constexpr int kFirstActivated = 3;  // SD_LISTEN_FDS_START
constexpr int kBacklog = 128;
constexpr std::size_t kMostConnections = 400;
/// A client that does not speak (or read) holds a thread; the operating system's limit is ours.
constexpr auto kFullPause = std::chrono::milliseconds(100);

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto text = path.string();
  if (text.size() >= sizeof address.sun_path) {
    throw InvalidError("the socket's path '" + text + "' is too long: at most " +
                       std::to_string(sizeof address.sun_path - 1) + " bytes");
  }
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  return address;
}

FileDescriptor new_socket() {
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) throw_errno("making a socket");
  return fd;
}

bool is_listened_on(const sockaddr_un& address) {
  const auto probe = new_socket();
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

DaemonSocket DaemonSocket::listen_at(const std::filesystem::path& path) {
  return with_context(
      [&] { return "while listening on '" + path.string() + "'"; },
      [&] {
        const auto address = address_of(path);
        grange::create_directories(path.parent_path());
        if (is_listened_on(address)) throw ConflictError("another daemon listens there");
        ::unlink(path.c_str());
        DaemonSocket made(new_socket());
        // Nobody connects before it has its mode.
        if (::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
          throw_errno("binding a socket");
        }
        made.path_ = path;
        if (::chmod(path.c_str(), 0666) != 0) throw_errno("changing the socket's mode");
        if (::listen(made.get(), kBacklog) != 0) throw_errno("listening");
        return made;
      });
}

std::optional<DaemonSocket> DaemonSocket::activated() {
  const char* process = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  if (process == nullptr || count == nullptr) return std::nullopt;
  long pid = 0;
  std::from_chars(process, process + std::strlen(process), pid);
  if (pid != ::getpid()) return std::nullopt;
  if (std::string_view(count) != "1") {
    throw InvalidError("socket activation: specified one socket, got LISTEN_FDS=" +
                       std::string(count));
  }
  FileDescriptor fd(kFirstActivated);
  if (::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0) throw_errno("taking the activated socket");
  return DaemonSocket(std::move(fd));
}

DaemonSocket::~DaemonSocket() {
  if (fd_ && !path_.empty()) ::unlink(path_.c_str());
}

DaemonServer::DaemonServer(const Daemon& daemon, DaemonSocket socket,
                           std::function<void(const std::string&)> note)
    : daemon_(daemon), socket_(std::move(socket)), note_(std::move(note)) {}

void DaemonServer::run(const std::stop_token& stop) {
  const FileDescriptor wake(::eventfd(0, EFD_CLOEXEC));
  if (!wake) throw_errno("making an eventfd");
  const std::stop_callback on_stop(stop, [&] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake.get(), &one, sizeof one);
  });
  while (!stop.stop_requested()) {
    std::array<pollfd, 2> watched{{{socket_.get(), POLLIN, 0}, {wake.get(), POLLIN, 0}}};
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

void DaemonServer::accept_one() {
  FileDescriptor client(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!client) {
    // Out of descriptors or memory: that passes, or nothing here would help.
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      std::this_thread::sleep_for(kFullPause);
    }
    return;
  }
  const MutexLock lock(mutex_);
  if (connections_.size() >= kMostConnections) {
    note_("a client is turned away: there are " + std::to_string(kMostConnections) + " already");
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

void DaemonServer::serve(Connection& connection) noexcept {
  try {
    const auto& context = daemon_.context();
    const int fd = connection.socket.get();
    auto client = identify_peer(fd, context.settings.trusted_users, context.settings.allowed_users,
                                context.settings.build_users_group);
    WorkerSession(context, std::move(client), fd, fd).run();
  } catch (const std::exception& error) {
    note_(error.what());
  }
  ::shutdown(connection.socket.get(), SHUT_RDWR);
  const MutexLock lock(mutex_);
  connection.ended = true;
}

void DaemonServer::reap() {
  std::list<Connection> ended;
  const MutexLock lock(mutex_);
  for (auto next = connections_.begin(); next != connections_.end();) {
    const auto present = next++;
    if (present->ended) ended.splice(ended.end(), connections_, present);
  }
}

}  // namespace grange
