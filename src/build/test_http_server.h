#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {

/// A tiny HTTP server on loopback for tests: one request per connection, one connection at a time.
class TestHttpServer {
 public:
  /// Gets the request's text (line and headers) and gives the whole response as it goes out; the
  /// connection is closed behind it. An empty response leaves the client waiting.
  using Handler = std::function<std::string(const std::string& request)>;
  explicit TestHttpServer(Handler handler);
  ~TestHttpServer();

  std::string url(const std::string& path) const;
  /// How many requests there were.
  std::size_t requests() const { return requests_; }

  static std::string ok(const std::string& body);
  static std::string status(int code, const std::string& headers = "");

 private:
  void serve();
  void answer(int connection);

  Handler handler_;
  FileDescriptor listener_;
  std::uint16_t port_ = 0;
  FileDescriptor closing_;
  std::atomic<std::size_t> requests_{0};
  std::jthread thread_;
};

inline TestHttpServer::TestHttpServer(Handler handler)
    : handler_(std::move(handler)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      closing_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), plain, length) != 0 || ::listen(listener_.get(), 8) != 0 ||
      ::getsockname(listener_.get(), plain, &length) != 0) {
    throw_errno("listening on loopback");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this] { serve(); });
}

inline TestHttpServer::~TestHttpServer() {
  ::eventfd_write(closing_.get(), 1);
}

inline std::string TestHttpServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

inline std::string TestHttpServer::ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

inline std::string TestHttpServer::status(int code, const std::string& headers) {
  return "HTTP/1.1 " + std::to_string(code) +
         " Status\r\nContent-Length: 4\r\nConnection: " + "close\r\n" + headers + "\r\nbody";
}

inline void TestHttpServer::serve() {
  for (;;) {
    pollfd waited[] = {{listener_.get(), POLLIN, 0}, {closing_.get(), POLLIN, 0}};
    ::poll(waited, 2, -1);
    if (waited[1].revents != 0) return;
    const FileDescriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection) answer(connection.get());
  }
}

inline void TestHttpServer::answer(int connection) {
  std::string request;
  char buffer[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const auto count = ::read(connection, buffer, sizeof buffer);
    if (count <= 0) return;
    request.append(buffer, static_cast<std::size_t>(count));
  }
  ++requests_;
  const auto response = handler_(request);
  if (!response.empty()) {
    ::send(connection, response.data(), response.size(), MSG_NOSIGNAL);
    return;
  }
  pollfd waited[] = {{connection, POLLIN, 0}, {closing_.get(), POLLIN, 0}};
  ::poll(waited, 2, 10'000);
}

}  // namespace grange
