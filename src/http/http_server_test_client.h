#pragma once

#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {

/// What a test saw of one response.
struct SeenResponse {
  int status = 0;
  std::string head;
  std::string body;
  bool whole = false;  ///< framed as its head says, up to its end

  bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

/// A client that knows no more of HTTP than tests need, so that it can also do what is wrong. Every
/// wait ends after 20 seconds.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  explicit RawClient(const std::filesystem::path& path)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof(address.sun_path) - 1);
    connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }

  /// False when the other end has closed.
  bool send(std::string_view data) {
    while (!data.empty()) {
      const ssize_t sent = ::send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      data.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// The next response; `to_head`: it has no body whatever it says. Status 0 when there is none.
  SeenResponse receive(bool to_head = false) {
    SeenResponse seen;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return seen;
    }
    seen.head = take(end + 4);
    std::from_chars(seen.head.data() + 9, seen.head.data() + 12, seen.status);
    if (to_head || seen.status < 200 || seen.status == 204 || seen.status == 304) {
      seen.whole = true;
    } else if (seen.has("Transfer-Encoding: chunked")) {
      receive_chunks(seen);
    } else if (const std::size_t at = seen.head.find("Content-Length: "); at != std::string::npos) {
      const std::size_t length = std::stoull(seen.head.substr(at + 16));
      while (buffer_.size() < length && more()) {
      }
      seen.whole = buffer_.size() >= length;
      seen.body = take(std::min(length, buffer_.size()));
    } else {
      while (more()) {
      }
      seen.whole = !was_reset_ && !timed_out_;
      seen.body = take(buffer_.size());
    }
    return seen;
  }

  SeenResponse ask(std::string_view request, bool to_head = false) {
    send(request);
    return receive(to_head);
  }

  /// Does the other end close, without more bytes?
  bool sees_end() { return buffer_.empty() && !more() && !timed_out_; }
  int fd() const { return socket_.get(); }
  void close() { socket_.reset(); }

 private:
  void connect_to(const sockaddr* address, socklen_t size) {
    const timeval limit{20, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (::connect(socket_.get(), address, size) != 0) throw_errno("connecting in a test");
  }

  bool more() {
    char piece[65536];
    const ssize_t got = ::recv(socket_.get(), piece, sizeof(piece), 0);
    if (got > 0) buffer_.append(piece, static_cast<std::size_t>(got));
    was_reset_ = got < 0 && errno == ECONNRESET;
    timed_out_ = got < 0 && errno == EAGAIN;
    return got > 0;
  }

  std::string take(std::size_t size) {
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
  }

  void receive_chunks(SeenResponse& seen) {
    for (;;) {
      std::size_t line = 0;
      while ((line = buffer_.find("\r\n")) == std::string::npos) {
        if (!more()) return;
      }
      std::size_t size = 0;
      std::from_chars(buffer_.data(), buffer_.data() + line, size, 16);
      while (buffer_.size() < line + 2 + size + 2) {
        if (more()) continue;
        seen.body += buffer_.substr(line + 2);
        return;
      }
      take(line + 2);
      seen.body += take(size);
      take(2);
      if (size == 0) {
        seen.whole = true;
        return;
      }
    }
  }

  FileDescriptor socket_;
  std::string buffer_;
  bool was_reset_ = false;
  bool timed_out_ = false;
};

/// "GET /path HTTP/1.1" with a Host and these further lines, each ending in "\r\n".
inline std::string simple_request(std::string_view method, std::string_view target,
                                  std::string_view lines = {}) {
  return std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" +
         std::string(lines) + "\r\n";
}

/// Waits for what another thread brings about; false after 20 seconds.
template <typename Condition>
bool comes_true(Condition condition) {
  for (int i = 0; i < 4000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace grange
