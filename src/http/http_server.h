#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

#include "http/http_server_handler.h"

namespace grange {

struct HttpServerOptions {
  using Milliseconds = std::chrono::milliseconds;

  /// A name or address; nothing: no TCP.
  std::optional<std::string> host = "127.0.0.1";
  /// 0: one that is free, which `port()` tells.
  std::uint16_t port = 0;
  /// A Unix socket; empty: none. What a server left there that no longer runs is replaced.
  std::filesystem::path unix_socket;
  mode_t unix_socket_mode = 0660;

  unsigned io_threads = 2;
  unsigned compute_threads = 0;  ///< 0: one for each processor
  unsigned blocking_threads = 32;
  /// How many calls may wait for a thread of each pool; beyond, 503.
  std::size_t queue = 256;

  std::size_t connections = 4096;                   ///< beyond, 503 and an end
  std::size_t header_size = std::size_t{32} << 10;  ///< request line and header fields; beyond, 431
  std::uint64_t text_body = std::uint64_t{1} << 20;  ///< of a body taken as a text; beyond, 413
  std::uint64_t source_body = std::uint64_t{1} << 40;
  /// What a body may occupy between an io thread and a handler.
  std::size_t pipe_size = std::size_t{256} << 10;

  Milliseconds header_timeout{10'000};  ///< from connecting, or the first byte, to the whole head
  Milliseconds idle_timeout{60'000};    ///< between requests
  Milliseconds stall_timeout{30'000};   ///< without a byte of a body, either way
  /// For all of a body taken as a text, and another second for each `text_rate` bytes of it: so who
  /// sends a byte now and then does not do so for long.
  Milliseconds text_timeout{20'000};
  std::uint64_t text_rate = std::uint64_t{8} << 10;
  Milliseconds handler_timeout{60'000};  ///< then its stop token is stopped
  /// How long what a client still sends is dropped after the last response, so that it reads that
  /// instead of being reset.
  Milliseconds linger_timeout{2'000};

  /// Told of errors that are the server's own (they are answered with a 5xx, or cut off). Called on
  /// any thread; must not throw.
  std::function<void(const ServerRequest&, const std::exception&)> on_error;
};

/// What a server has done; a moment's view.
struct HttpServerCounters {
  std::size_t connections = 0;      ///< now open
  std::uint64_t requests = 0;       ///< heads that were understood
  std::int64_t buffered_bytes = 0;  ///< of bodies, now in pipes
  std::int64_t peak_buffered_bytes = 0;
};

/// An HTTP/1.1 server: keep-alive, pipelining (answered in order, one at a time), HEAD, chunked
/// bodies, 100-continue. Every connection is a coroutine pinned to one of a few io threads; what
/// blocks or computes runs on two bounded pools. A client that is slow, vanishes or sends nonsense
/// costs one connection, and where its handler reads or writes a body one thread of a pool, until a
/// timeout. No TLS: that is a front server's.
class HttpServer {
 public:
  /// Listens and serves at once. Throws SystemError, InvalidError (no such address), or
  /// ConflictError when another server is at the Unix socket.
  HttpServer(HttpServerOptions options, Dispatch dispatch);
  /// Stops without grace.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// The TCP port that it listens on; 0 without TCP.
  std::uint16_t port() const;

  /// Accepts nothing more, closes idle connections, lets requests that are being answered end for
  /// up to `grace`, then stops their handlers and cuts their connections; returns when all threads
  /// are joined, so not before every handler has returned. Once is enough; not from a handler.
  void stop(std::chrono::milliseconds grace = std::chrono::milliseconds(0));

  HttpServerCounters counters() const;

 private:
  class Threads;
  std::unique_ptr<Threads> threads_;
};

}  // namespace grange
