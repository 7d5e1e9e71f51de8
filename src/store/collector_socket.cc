#include "store/collector_socket.h"

#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

constexpr int kBacklog = 128;
constexpr const char* kName = "socket";

/// A socket under a name of its own: whoever finds the final name can connect, or is refused.
class FreshSocket {
 public:
  explicit FreshSocket(const StoreLocation& location) : directory_(location.state / "gc-socket") {
    grange::create_directories(directory_);
    parent_ = open_file(directory_, O_PATH | O_DIRECTORY);
    socket_ = FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_) throw_errno("making a socket");
  }
  ~FreshSocket() { ::unlinkat(parent_.get(), name_.c_str(), 0); }
  FreshSocket(const FreshSocket&) = delete;
  FreshSocket& operator=(const FreshSocket&) = delete;

  void take_name_if_free() {
    bind();
    if (::linkat(parent_.get(), name_.c_str(), parent_.get(), kName, 0) != 0 && errno != EEXIST) {
      fail();
    }
  }
  FileDescriptor listen_and_take_name() {
    bind();
    if (::listen(socket_.get(), kBacklog) != 0 ||
        ::renameat(parent_.get(), name_.c_str(), parent_.get(), kName) != 0) {
      fail();
    }
    return std::move(socket_);
  }

 private:
  void bind() {
    // A socket's path is short: a long one is reached through a descriptor of its directory.
    std::string path = (directory_ / name_).string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
      path = "/proc/self/fd/" + std::to_string(parent_.get()) + "/" + name_;
    }
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ::unlinkat(parent_.get(), name_.c_str(), 0);
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      fail();
    }
    // Other users' processes add roots, too.
    if (::fchmodat(parent_.get(), name_.c_str(), 0666, 0) != 0) fail();
  }
  [[noreturn]] void fail() const {
    throw_errno("making the socket", (directory_ / kName).string());
  }

  const std::filesystem::path directory_;
  const std::string name_ = "socket.new-" + std::to_string(::gettid());
  FileDescriptor parent_;
  FileDescriptor socket_;
};

}  // namespace

void ensure_collector_socket(const StoreLocation& location) {
  struct stat status {};
  const auto name = location.state / "gc-socket" / kName;
  if (::lstat(name.c_str(), &status) != 0) FreshSocket(location).take_name_if_free();
}

FileDescriptor listen_at_collector_socket(const StoreLocation& location) {
  return FreshSocket(location).listen_and_take_name();
}

void close_gently(FileDescriptor socket) noexcept {
  // Unread bytes at the close are what resets a connection; after this none can come.
  ::shutdown(socket.get(), SHUT_RDWR);
  char bytes[4096];
  ssize_t count = 0;
  do {
    count = ::recv(socket.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  } while (count > 0 || (count < 0 && errno == EINTR));
}

}  // namespace grange
