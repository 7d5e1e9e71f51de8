#include "http/http_server.h"

#include <csignal>
#include <vector>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/http_server_asio.h"
#include "http/http_server_connection.h"
#include "http/http_server_core.h"
#include "http/http_server_listen.h"

namespace grange {

namespace {

using AsioAcceptor = asio::basic_socket_acceptor<asio::generic::stream_protocol, AsioExecutor>;

constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
    "Content-Length: 0\r\n\r\n";

/// Who a file is, to remove only what is still ours.
std::pair<dev_t, ino_t> identity_of(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

}  // namespace

/// Threads, listening sockets and the order in which they end.
class HttpServer::Threads {
 public:
  Threads(HttpServerOptions options, Dispatch dispatch);
  ~Threads() { stop(std::chrono::milliseconds(0)); }

  std::uint16_t port() const { return port_; }
  void stop(std::chrono::milliseconds grace);
  HttpServerCounters counters() const;

 private:
  void add_acceptor(int family, int protocol, FileDescriptor socket);
  Awaitable<void> accept(AsioAcceptor& acceptor);
  void admit(AsioSocket socket, IoThread& io);
  /// Calls it for each connection, on its thread.
  void on_connections(void (HttpConnection::*what)());
  bool wait_for_connections(std::optional<MonotonicTime> deadline);

  // The pools are in the core: they are joined before the io threads' contexts are destroyed, and
  // nothing is posted to a context once all connections have ended.
  std::vector<std::unique_ptr<IoThread>> io_;
  HttpServerCore core_;
  std::vector<std::unique_ptr<AsioAcceptor>> acceptors_;  ///< of the first io thread
  std::size_t next_ = 0;  ///< whose turn it is; of the first io thread
  std::uint16_t port_ = 0;
  std::pair<dev_t, ino_t> unix_identity_{};
  bool stopped_ = false;
};

HttpServer::Threads::Threads(HttpServerOptions options, Dispatch dispatch)
    : core_(std::move(options), std::move(dispatch)) {
  const HttpServerOptions& chosen = core_.options;
  for (unsigned i = 0; i < std::max(1U, chosen.io_threads); ++i) {
    io_.push_back(std::make_unique<IoThread>());
  }
  if (chosen.host) {
    FileDescriptor socket = listen_at_port(*chosen.host, chosen.port);
    port_ = bound_port(socket.get());
    int family = AF_INET;
    socklen_t size = sizeof(family);
    ::getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &family, &size);
    add_acceptor(family, IPPROTO_TCP, std::move(socket));
  }
  if (!chosen.unix_socket.empty()) {
    add_acceptor(AF_UNIX, 0, listen_at_path(chosen.unix_socket, chosen.unix_socket_mode));
    unix_identity_ = identity_of(chosen.unix_socket);
  }
  for (const auto& acceptor : acceptors_) {
    asio::co_spawn(
        io_.front()->context.get_executor(), [this, &acceptor] { return accept(*acceptor); },
        asio::detached);
  }
  for (const auto& io : io_) {
    io->thread = std::thread([&io = *io] {
      // sendfile(2) has no flag that keeps a vanished client from sending this signal; and signals
      // for the program are for other threads. Nothing is spawned here that would inherit the mask.
      sigset_t all;
      ::sigfillset(&all);
      ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
      io.context.run();
    });
  }
}

void HttpServer::Threads::add_acceptor(int family, int protocol, FileDescriptor socket) {
  auto acceptor = std::make_unique<AsioAcceptor>(io_.front()->context.get_executor());
  acceptor->assign(asio::generic::stream_protocol(family, protocol), socket.get());
  socket.release();
  acceptors_.push_back(std::move(acceptor));
}

Awaitable<void> HttpServer::Threads::accept(AsioAcceptor& acceptor) {
  AsioTimer pause(io_.front()->context.get_executor());
  while (acceptor.is_open()) {
    IoThread& io = *io_[next_++ % io_.size()];
    AsioSocket socket(io.context.get_executor());
    AsioError error;
    co_await acceptor.async_accept(socket, await_into(error));
    if (!error) {
      admit(std::move(socket), io);
    } else if (error != asio::error::operation_aborted &&
               error != asio::error::connection_aborted) {
      // No descriptors are left, for example: some connection has to end first.
      pause.expires_after(std::chrono::milliseconds(50));
      co_await pause.async_wait(await_into(error));
    }
  }
}

void HttpServer::Threads::admit(AsioSocket socket, IoThread& io) {
  AsioError ignored;
  socket.native_non_blocking(true, ignored);
  if (core_.connections.fetch_add(1) >= core_.options.connections) {
    core_.connections.fetch_sub(1);
    [[maybe_unused]] const ssize_t sent =
        ::send(socket.native_handle(), kTooManyConnections.data(), kTooManyConnections.size(),
               MSG_NOSIGNAL | MSG_DONTWAIT);
    return;
  }
  const int on = 1;
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  auto connection = std::make_shared<HttpConnection>(core_, io, std::move(socket));
  asio::post(io.context, [connection = std::move(connection)] { connection->start(); });
}

void HttpServer::Threads::on_connections(void (HttpConnection::*what)()) {
  for (const auto& io : io_) {
    asio::post(io->context, [&io = *io, what] {
      const std::vector<std::shared_ptr<HttpConnection>> all(io.connections.begin(),
                                                             io.connections.end());
      for (const auto& connection : all) (connection.get()->*what)();
    });
  }
}

bool HttpServer::Threads::wait_for_connections(std::optional<MonotonicTime> deadline) {
  const MutexLock lock(core_.mutex);
  while (core_.connections > 0) {
    if (!deadline) {
      core_.connection_ended.wait(core_.mutex);
    } else if (core_.connection_ended.wait_until(core_.mutex, *deadline) ==
               std::cv_status::timeout) {
      return core_.connections == 0;
    }
  }
  return true;
}

void HttpServer::Threads::stop(std::chrono::milliseconds grace) {
  if (std::exchange(stopped_, true)) return;
  const MonotonicTime deadline = std::chrono::steady_clock::now() + grace;
  std::atomic<bool> closed = false;
  asio::post(io_.front()->context, [&] {
    AsioError ignored;
    for (const auto& acceptor : acceptors_) acceptor->close(ignored);
    core_.stopping = true;
    closed = true;
    closed.notify_all();
  });
  closed.wait(false);
  const auto& path = core_.options.unix_socket;
  if (!path.empty() && identity_of(path) == unix_identity_) ::unlink(path.c_str());
  // What was accepted before has been posted to its thread before this is.
  on_connections(&HttpConnection::stop_gracefully);
  if (!wait_for_connections(deadline)) {
    on_connections(&HttpConnection::abort);
    wait_for_connections(std::nullopt);
  }
  for (const auto& io : io_) io->work.reset();
  for (const auto& io : io_) io->thread.join();
}

HttpServerCounters HttpServer::Threads::counters() const {
  return {core_.connections, core_.requests, core_.buffered.now, core_.buffered.peak};
}

HttpServer::HttpServer(HttpServerOptions options, Dispatch dispatch)
    : threads_(std::make_unique<Threads>(std::move(options), std::move(dispatch))) {}

HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const {
  return threads_->port();
}

void HttpServer::stop(std::chrono::milliseconds grace) {
  threads_->stop(grace);
}

HttpServerCounters HttpServer::counters() const {
  return threads_->counters();
}

}  // namespace grange
