#include "build/nested_socket.h"

#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/error.h"

namespace grange {
namespace {

constexpr const char* kSocketName = ".nix-socket";
constexpr int kNestedBacklog = 64;

}  // namespace

std::filesystem::path nested_socket_in(const std::filesystem::path& build_directory) {
  return build_directory / kSocketName;
}

FileDescriptor listen_in(const std::filesystem::path& build_directory) {
  const auto directory = open_file(build_directory, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  const auto path = "/proc/self/fd/" + std::to_string(directory.get()) + "/" + kSocketName;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  FileDescriptor listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listening) throw_errno("making a socket");
  if (::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(listening.get(), kNestedBacklog) != 0) {
    throw_errno("listening in", build_directory.string());
  }
  return listening;
}

}  // namespace grange
