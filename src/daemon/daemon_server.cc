#include "daemon/daemon_server.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "daemon/client_threads.h"

namespace grange {
namespace {

constexpr int kFirstActivated = 3;  // SD_LISTEN_FDS_START
constexpr int kBacklog = 128;
constexpr std::size_t kMostConnections = 400;

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

bool DaemonSocket::fits(const std::filesystem::path& path) {
  return path.string().size() < sizeof(sockaddr_un::sun_path);
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
                           std::function<void(const std::string&)> note, Identify identify)
    : daemon_(daemon),
      socket_(std::move(socket)),
      note_(std::move(note)),
      identify_(std::move(identify)) {}

void DaemonServer::run(const std::stop_token& stop) {
  const auto& context = daemon_.context();
  const auto serve = [&](int socket) {
    auto client = identify_ ? identify_(socket)
                            : identify_peer(socket, context.settings.trusted_users,
                                            context.settings.allowed_users,
                                            context.settings.build_users_group);
    WorkerSession(context, std::move(client), socket, socket).run();
  };
  ClientThreads(socket_.get(), kMostConnections, serve, note_).run(stop);
}

}  // namespace grange
