#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/file.h"
#include "daemon/daemon.h"

namespace grange {

/// A socket that clients connect to: made here, or handed over by systemd (LISTEN_FDS).
class DaemonSocket {
 public:
  /// Replaces a socket that nobody listens on any more; its directory is made. Everybody may
  /// connect: who may do what is decided for each. Throws ConflictError where another daemon is.
  static DaemonSocket listen_at(const std::filesystem::path& path);
  /// Is the path short enough for a socket?
  static bool fits(const std::filesystem::path& path);
  /// Nothing when this process was given none.
  static std::optional<DaemonSocket> activated();

  ~DaemonSocket();
  DaemonSocket(DaemonSocket&&) noexcept = default;
  int get() const { return fd_.get(); }

 private:
  explicit DaemonSocket(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
  std::filesystem::path path_;  ///< removed at the end; empty: not ours
};

/// Serves the clients of a socket, each in a thread of its own, until `stop`; then what they wait
/// for is cancelled and their connections end.
class DaemonServer {
 public:
  /// Who is at the other end; throws DeniedError.
  using Identify = std::function<ClientIdentity(int socket)>;

  /// `identify`: by the daemon's settings where there is none.
  DaemonServer(const Daemon& daemon, DaemonSocket socket,
               std::function<void(const std::string&)> note, Identify identify = {});
  void run(const std::stop_token& stop);

 private:
  const Daemon& daemon_;
  DaemonSocket socket_;
  std::function<void(const std::string&)> note_;
  Identify identify_;
};

}  // namespace grange
