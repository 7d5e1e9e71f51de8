#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "http/http_body_pipe.h"
#include "http/http_server_asio.h"
#include "http/http_server_core.h"

namespace grange {

/// One client. Everything here runs on its io thread, in one coroutine (`serve`); a handler on a
/// pool sees only its HandlerJob and the pipe. The coroutine ends only after its handler has.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(HttpServerCore& core, IoThread& io, AsioSocket socket);

  /// Begins, and enters and at last leaves the list of its io thread.
  void start();
  /// Ends when it is between requests, else after the response.
  void stop_gracefully();
  /// Ends as soon as its handler has.
  void abort();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;
  using Milliseconds = std::chrono::milliseconds;

  /// One call of a handler, or of what writes a stream; outlives the connection's interest in it.
  struct HandlerJob;
  /// A response that ends the connection: the request cannot be understood, or not be finished.
  struct Refusal {
    int status;
    std::string_view text;
  };
  enum class Filled { data, end, timeout, interrupted };

  // http_server_connection.cc: the life of a connection and of one request.
  Awaitable<void> serve();
  Awaitable<bool> serve_one();
  Awaitable<bool> read_head();
  ServerRequest understand_head() const;
  Awaitable<void> answer(std::shared_ptr<const ServerRequest> request);
  Awaitable<void> refuse(Refusal refusal);
  Awaitable<void> linger();

  // http_server_receive.cc: bytes in.
  Awaitable<Filled> fill();
  /// Up to `size` bytes; 0 at the end of the body, or when the handler has ended meanwhile. Throws
  /// Refusal, or UnavailableError when the client is gone.
  Awaitable<std::size_t> read_body(char* data, std::size_t size);
  Awaitable<std::string> read_text();
  /// Until the body is at its end and the handler has ended. Throws as `read_body`.
  Awaitable<void> feed_pipe(std::shared_ptr<HandlerJob> job);
  Awaitable<void> feed_some(HandlerJob& job);
  Awaitable<void> drop_rest();
  Awaitable<void> send_continue();
  bool rest_is_short() const;

  // http_server_call.cc: the bridge to the pools.
  Awaitable<ServerResponse> call(std::shared_ptr<const ServerRequest> request, Handling handling);
  bool post(WorkPool& pool, std::shared_ptr<HandlerJob> job);
  Awaitable<void> finish_job(std::shared_ptr<HandlerJob> job);
  /// Its time is over: it and whatever it waits for are stopped.
  void expire(HandlerJob& job);
  std::shared_ptr<BodyPipe> make_body_pipe();
  void report(const ServerRequest& request, const std::exception_ptr& error);

  // http_server_send.cc: bytes out. False: the connection is of no more use.
  Awaitable<bool> send(const ServerRequest* request, ServerResponse response);
  Awaitable<bool> send_stream(const ServerRequest* request, ServerResponse response);
  Awaitable<bool> send_chunks(BodyPipe& pipe, bool chunked);
  Awaitable<bool> send_bytes(std::string_view first, std::string_view second = {},
                             std::string_view third = {}, bool more_follows = false);
  Awaitable<bool> send_file(const FileBody& body);
  Awaitable<bool> wait_writable();
  std::string head_text(const ServerResponse& response, std::optional<std::uint64_t> length,
                        bool chunked);

  // Waiting.
  void set_deadline(MonotonicTime deadline);
  void no_deadline() { deadline_ = MonotonicTime::max(); }
  MonotonicTime after(Milliseconds time) const { return std::chrono::steady_clock::now() + time; }
  void arm(MonotonicTime at);
  Awaitable<void> wait_for_wake();
  void wake() { wake_.cancel(); }
  /// What a thread of a pool may call.
  std::function<void()> waker();
  void close();

  HttpServerCore& core_;
  IoThread& io_;
  AsioSocket socket_;
  AsioTimer watchdog_;
  AsioTimer wake_;
  const std::string remote_;

  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::vector<char> scratch_;  ///< for a body on its way into a pipe

  MonotonicTime deadline_ = MonotonicTime::max();
  MonotonicTime armed_ = MonotonicTime::max();
  bool timed_out_ = false;
  bool aborted_ = false;
  bool between_requests_ = false;
  bool first_request_ = true;

  // Of the present request.
  std::shared_ptr<HandlerJob> job_;
  std::uint64_t body_limit_ = 0;
  std::uint64_t body_size_ = 0;
  bool has_body_ = false;
  bool owes_continue_ = false;
  bool is_head_ = false;
  bool is_http_1_0_ = false;
  bool keep_alive_ = false;
  bool is_reading_body_ = false;
  bool is_cut_off_ = false;
};

/// Shared with the thread that runs it. `done` and `deadline` belong to the io thread.
struct HttpConnection::HandlerJob {
  std::function<void()> work;  ///< may throw
  std::exception_ptr error;
  std::stop_source stop;
  std::shared_ptr<BodyPipe> pipe;
  MonotonicTime deadline = MonotonicTime::max();
  bool done = false;

  // Of a handler's call.
  std::shared_ptr<const ServerRequest> request;
  Handling handling;
  std::optional<PipeSource> source;
  std::optional<HandlerCall> call;
  ServerResponse response;
};

}  // namespace grange
