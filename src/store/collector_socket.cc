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

namespace fs = std::filesystem;

constexpr int kBacklog = 128;
constexpr const char* kDirectory = "gc-socket";
constexpr const char* kName = "socket";

FileDescriptor make_socket(int flags) {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!socket) throw_errno("making a socket");
  return socket;
}

/// A socket's path is short: a long one is reached through the descriptor of its directory.
sockaddr_un address_of(const fs::path& directory, int descriptor, const std::string& name) {
  std::string path = (directory / name).string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    path = "/proc/self/fd/" + std::to_string(descriptor) + "/" + name;
  }
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

/// A socket under a name of its own: whoever finds the final name can connect, or is refused.
class FreshSocket {
 public:
  explicit FreshSocket(const fs::path& directory) : directory_(directory) {
    grange::create_directories(directory_);
    parent_ = open_file(directory_, O_PATH | O_DIRECTORY);
    socket_ = make_socket(SOCK_NONBLOCK);
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
    const sockaddr_un address = address_of(directory_, parent_.get(), name_);
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

  const fs::path directory_;
  const std::string name_ = "socket.new-" + std::to_string(::gettid());
  FileDescriptor parent_;
  FileDescriptor socket_;
};

}  // namespace

void ensure_collector_socket(const fs::path& state) {
  struct stat status {};
  const fs::path directory = state / kDirectory;
  if (::lstat((directory / kName).c_str(), &status) != 0) {
    FreshSocket(directory).take_name_if_free();
  }
}

FileDescriptor listen_at_collector_socket(const fs::path& state) {
  return FreshSocket(state / kDirectory).listen_and_take_name();
}

FileDescriptor connect_to_collector_socket(const fs::path& state) {
  const fs::path directory = state / kDirectory;
  const FileDescriptor parent(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!parent) return {};
  const sockaddr_un address = address_of(directory, parent.get(), kName);
  FileDescriptor socket = make_socket(0);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return {};
  }
  return socket;
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
