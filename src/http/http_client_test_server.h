#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "http/http_request.h"
#include "http/url.h"

namespace grange {

struct LoopbackRequest {
  std::string method;
  std::string target;
  HttpHeaders headers;
  std::string body;
  std::size_t number = 0;  ///< of all requests, from 1
};

/// Sends what a test's handler says, byte for byte.
class LoopbackReply {
 public:
  LoopbackReply(int connection, int closing) : connection_(connection), closing_(closing) {}

  void send(std::string_view data) {
    while (!data.empty()) {
      pollfd waited[] = {{connection_, POLLOUT, 0}, {closing_, POLLIN, 0}};
      ::poll(waited, 2, -1);
      const auto count = waited[1].revents != 0 ? -1
                                                : ::send(connection_, data.data(), data.size(),
                                                         MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0) {
        closed_ = true;
        return;
      }
      data.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void send_all(int status, const std::string& headers, std::string_view body) {
    send("HTTP/1.1 " + std::to_string(status) + " Status\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + headers + "\r\n" + std::string(body));
  }
  void close() { closed_ = true; }
  bool closed() const { return closed_; }
  /// Until the client goes or the server ends.
  void wait_for_client_to_go() {
    pollfd waited[] = {{connection_, POLLIN, 0}, {closing_, POLLIN, 0}};
    ::poll(waited, 2, -1);
    closed_ = true;
  }
  void sleep(std::chrono::milliseconds time) {
    pollfd waited{closing_, POLLIN, 0};
    ::poll(&waited, 1, static_cast<int>(time.count()));
  }

 private:
  int connection_;
  int closing_;
  bool closed_ = false;
};

/// An HTTP/1.1 server on loopback, with one thread per connection; connections are kept.
class LoopbackServer {
 public:
  /// Called from several threads at once.
  using Handler = std::function<void(const LoopbackRequest&, LoopbackReply&)>;

  explicit LoopbackServer(Handler handler)
      : handler_(std::move(handler)),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        closing_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), plain, length) != 0 || ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), plain, &length) != 0) {
      throw_errno("listening on loopback");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~LoopbackServer() {
    ::eventfd_write(closing_.get(), 1);
    thread_.join();
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  Url url(std::string_view rest) const { return url_of("127.0.0.1", rest); }
  /// Under a name, so to another origin for a client, or with `USER@` before it.
  Url url_of(std::string_view host, std::string_view rest) const {
    return Url::parse("http://" + std::string(host) + ":" + std::to_string(port_) +
                      std::string(rest));
  }
  std::size_t requests() const { return requests_; }
  std::size_t connections() const { return connections_; }

 private:
  void serve() {
    std::list<std::jthread> threads;
    for (;;) {
      pollfd waited[] = {{listener_.get(), POLLIN, 0}, {closing_.get(), POLLIN, 0}};
      ::poll(waited, 2, -1);
      if (waited[1].revents != 0) return;
      FileDescriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) continue;
      ++connections_;
      threads.emplace_back([this, held = std::move(connection)] { converse(held.get()); });
    }
  }

  void converse(int connection) {
    std::string input;
    LoopbackReply reply(connection, closing_.get());
    while (!reply.closed()) {
      LoopbackRequest request;
      if (!read_request(connection, input, request)) return;
      request.number = ++requests_;
      handler_(request, reply);
    }
  }

  bool more(int connection, std::string& input) {
    pollfd waited[] = {{connection, POLLIN, 0}, {closing_.get(), POLLIN, 0}};
    ::poll(waited, 2, -1);
    if (waited[1].revents != 0) return false;
    char buffer[16384];
    const auto count = ::read(connection, buffer, sizeof buffer);
    if (count <= 0) return false;
    input.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  bool read_request(int connection, std::string& input, LoopbackRequest& request) {
    std::size_t end = 0;
    while ((end = input.find("\r\n\r\n")) == std::string::npos) {
      if (!more(connection, input)) return false;
    }
    const auto head = input.substr(0, end);
    input.erase(0, end + 4);
    const auto lines = split(head, '\n');
    const auto words = split_words(lines[0]);
    request.method = words.at(0);
    request.target = words.at(1);
    for (std::size_t at = 1; at < lines.size(); ++at) {
      const auto colon = lines[at].find(':');
      request.headers.add(lines[at].substr(0, colon), trim(lines[at].substr(colon + 1)));
    }
    if (request.headers.has("Expect")) {
      LoopbackReply(connection, closing_.get()).send("HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (request.headers.get("Transfer-Encoding") == "chunked") {
      return read_chunks(connection, input, request.body);
    }
    const auto length = parse_number(request.headers.get("Content-Length").value_or("0"));
    return take(connection, input, static_cast<std::size_t>(length.value_or(0)), request.body);
  }

  bool take(int connection, std::string& input, std::size_t size, std::string& body) {
    while (input.size() < size) {
      if (!more(connection, input)) return false;
    }
    body.append(input, 0, size);
    input.erase(0, size);
    return true;
  }

  bool read_chunks(int connection, std::string& input, std::string& body) {
    for (;;) {
      std::size_t end = 0;
      while ((end = input.find("\r\n")) == std::string::npos) {
        if (!more(connection, input)) return false;
      }
      const auto size = std::stoul(input.substr(0, end), nullptr, 16);
      input.erase(0, end + 2);
      std::string line_end;
      if (!take(connection, input, size, body) || !take(connection, input, 2, line_end)) {
        return false;
      }
      if (size == 0) return true;
    }
  }

  Handler handler_;
  FileDescriptor listener_;
  std::uint16_t port_ = 0;
  FileDescriptor closing_;
  std::atomic<std::size_t> requests_{0};
  std::atomic<std::size_t> connections_{0};
  std::jthread thread_;
};

/// Options that do not try a test's patience, and no proxy.
inline HttpClientOptions loopback_options() {
  HttpClientOptions options;
  options.proxy = "";
  options.retry.base_delay = Seconds(0.002);
  return options;
}

}  // namespace grange
