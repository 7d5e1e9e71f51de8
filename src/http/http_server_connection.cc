#include "http/http_server_connection.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <sys/socket.h>

#include "base/error.h"
#include "http/conditional.h"
#include "http/http_server_listen.h"

namespace grange {

namespace {

/// What the buffer may hold beyond a head: a body is read in pieces of up to this.
constexpr std::size_t kBodyPiece = 64 * 1024;

}  // namespace

const std::string& IoThread::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    date_ = format_http_date(std::chrono::system_clock::from_time_t(now));
  }
  return date_;
}

HttpConnection::HttpConnection(HttpServerCore& core, IoThread& io, AsioSocket socket)
    : core_(core),
      io_(io),
      socket_(std::move(socket)),
      watchdog_(io.context.get_executor()),
      wake_(io.context.get_executor()),
      remote_(describe_peer(socket_.native_handle())),
      buffer_(core.options.header_size + kBodyPiece) {}

void HttpConnection::start() {
  io_.connections.insert(shared_from_this());
  if (core_.stopping) abort();
  asio::co_spawn(
      io_.context.get_executor(), [self = shared_from_this()] { return self->serve(); },
      asio::detached);
}

void HttpConnection::stop_gracefully() {
  if (between_requests_ && buffer_.size() == 0) abort();
}

void HttpConnection::abort() {
  aborted_ = true;
  if (job_) {
    job_->stop.request_stop();
    if (job_->pipe) {
      job_->pipe->fail(std::make_exception_ptr(CancelledError("the server stops")));
    }
  }
  AsioError ignored;
  // Not closed: the coroutine may be about to use the descriptor.
  socket_.shutdown(AsioSocket::shutdown_both, ignored);
  socket_.cancel(ignored);
  wake();
}

Awaitable<void> HttpConnection::serve() {
  try {
    for (;;) {
      const bool goes_on = co_await serve_one();
      if (!goes_on) break;
    }
  } catch (const std::exception&) {
    // Memory ran out, or the like: only this connection ends.
    abort();
  }
  while (job_ && !job_->done) co_await wait_for_wake();
  close();
  io_.connections.erase(shared_from_this());
}

void HttpConnection::close() {
  no_deadline();
  watchdog_.cancel();
  wake_.cancel();
  AsioError ignored;
  socket_.close(ignored);
  {
    const MutexLock lock(core_.mutex);
    core_.connections.fetch_sub(1);
  }
  core_.connection_ended.notify_all();
}

Awaitable<bool> HttpConnection::serve_one() {
  parser_.reset();
  job_ = nullptr;
  body_size_ = 0;
  has_body_ = owes_continue_ = is_head_ = is_http_1_0_ = keep_alive_ = is_cut_off_ = false;
  if (aborted_ || (core_.stopping && buffer_.size() == 0)) co_return false;

  const bool understood = co_await read_head();
  if (!understood) co_return false;
  std::shared_ptr<const ServerRequest> request;
  std::optional<Refusal> refusal;
  try {
    request = std::make_shared<const ServerRequest>(understand_head());
  } catch (const Refusal& thrown) {
    refusal = thrown;
  }
  if (refusal) {
    co_await refuse(*refusal);
    co_return false;
  }
  core_.requests.fetch_add(1, std::memory_order_relaxed);
  const auto& head = parser_->get();
  has_body_ = !parser_->is_done();
  owes_continue_ = has_body_ && head.count(boost::beast::http::field::expect) > 0;
  is_head_ = request->method == RequestMethod::head;
  is_http_1_0_ = head.version() == 10;
  keep_alive_ = head.keep_alive();
  co_await answer(request);
  if (is_cut_off_ || aborted_) co_return false;
  if (!keep_alive_) {
    co_await linger();
    co_return false;
  }
  co_return true;
}

/// Reads until the head is whole. False when the connection ended or was refused.
Awaitable<bool> HttpConnection::read_head() {
  namespace http = boost::beast::http;
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(core_.options.header_size));
  parser_->body_limit(boost::none);
  if (buffer_.size() == 0) {
    set_deadline(after(first_request_ ? core_.options.header_timeout : core_.options.idle_timeout));
    between_requests_ = true;
    const Filled filled = co_await fill();
    between_requests_ = false;
    if (filled != Filled::data) co_return false;
  }
  first_request_ = false;
  set_deadline(after(core_.options.header_timeout));
  for (;;) {
    AsioError error;
    const std::size_t used = parser_->put(buffer_.data(), error);
    buffer_.consume(used);
    if (!error && parser_->is_header_done()) co_return true;
    if (error == http::error::header_limit) {
      co_await refuse({431, "the head of the request is too large"});
      co_return false;
    }
    if (error && error != http::error::need_more) {
      co_await refuse({400, "this is no HTTP request"});
      co_return false;
    }
    const Filled filled = co_await fill();
    if (filled == Filled::data) continue;
    if (filled == Filled::timeout) {
      co_await refuse({408, "the head of the request did not come in time"});
    }
    co_return false;
  }
}

/// What the parser has, in our terms. Throws Refusal.
ServerRequest HttpConnection::understand_head() const {
  namespace http = boost::beast::http;
  const auto& head = parser_->get();
  ServerRequest request;
  request.remote = remote_;
  const auto method = parse_request_method(
      std::string_view(head.method_string().data(), head.method_string().size()));
  if (!method) throw Refusal{501, "this method is not known"};
  request.method = *method;
  const std::string_view target(head.target().data(), head.target().size());
  if (target.size() > RequestTarget::kMaximumLength) throw Refusal{414, "the target is too long"};
  try {
    request.target = RequestTarget::parse(target);
    for (const auto& field : head) {
      request.headers.add({field.name_string().data(), field.name_string().size()},
                          {field.value().data(), field.value().size()});
    }
  } catch (const InvalidError&) {
    throw Refusal{400, "the target or a header field is malformed"};
  }
  if (request.headers.count("Host") > 1 ||
      (head.version() == 11 && request.headers.find("Host") == nullptr)) {
    throw Refusal{400, "exactly one Host field is specified for a request"};
  }
  // Beast takes a body in a transfer coding that it does not know for none, and then its bytes for
  // the next request.
  if (const std::string coding = request.headers.list("Transfer-Encoding");
      !coding.empty() && !equal_ignoring_case(coding, "chunked")) {
    throw Refusal{501, "this transfer coding is not known"};
  }
  if (const std::string expected = request.headers.list("Expect");
      !expected.empty() && !equal_ignoring_case(expected, "100-continue")) {
    throw Refusal{417, "this expectation is not known"};
  }
  if (parser_->is_done()) {
    request.content_length = 0;
  } else if (const auto length = parser_->content_length()) {
    request.content_length = *length;
  }
  return request;
}

Awaitable<void> HttpConnection::answer(std::shared_ptr<const ServerRequest> request) {
  ServerResponse response;
  std::optional<Refusal> refusal;
  try {
    Handling handling = core_.dispatch(*request);
    response = co_await call(request, std::move(handling));
  } catch (const Refusal& thrown) {
    refusal = thrown;
  } catch (const std::exception& error) {
    response = error_response(error);
    if (response.status >= 500) report(*request, std::current_exception());
  }
  if (refusal) {
    response = text_response(refusal->status, refusal->text);
    keep_alive_ = false;
  }
  if (is_cut_off_ || aborted_) co_return;
  if (core_.stopping || !rest_is_short()) keep_alive_ = false;
  const bool sent = co_await send(request.get(), std::move(response));
  if (!sent) {
    is_cut_off_ = true;
  } else if (keep_alive_) {
    co_await drop_rest();
  }
}

Awaitable<void> HttpConnection::refuse(Refusal refusal) {
  keep_alive_ = false;
  const bool sent = co_await send(nullptr, text_response(refusal.status, refusal.text));
  if (sent) co_await linger();
}

/// Reads what still comes and drops it, so that the client's end is not reset before it has read
/// the response.
Awaitable<void> HttpConnection::linger() {
  const bool all_was_read = parser_->is_done() && buffer_.size() == 0;
  if (aborted_ || all_was_read) co_return;
  AsioError error;
  socket_.shutdown(AsioSocket::shutdown_send, error);
  set_deadline(after(core_.options.linger_timeout));
  buffer_.clear();
  for (;;) {
    const Filled filled = co_await fill();
    if (filled != Filled::data) co_return;
    buffer_.clear();
  }
}

/// From now on there is this deadline; when it passes, `timed_out_` is set and whatever waits goes
/// on.
void HttpConnection::set_deadline(MonotonicTime deadline) {
  timed_out_ = false;
  deadline_ = deadline;
  // A timer that is set already and fires earlier looks again: so most deadlines cost nothing.
  if (deadline < armed_) arm(deadline);
}

void HttpConnection::arm(MonotonicTime at) {
  armed_ = at;
  watchdog_.expires_at(at);
  watchdog_.async_wait([self = shared_from_this()](const AsioError& error) {
    if (error) return;
    self->armed_ = MonotonicTime::max();
    if (self->deadline_ == MonotonicTime::max()) return;
    if (std::chrono::steady_clock::now() < self->deadline_) {
      self->arm(self->deadline_);
      return;
    }
    self->no_deadline();
    self->timed_out_ = true;
    AsioError ignored;
    self->socket_.cancel(ignored);
    self->wake();
  });
}

Awaitable<void> HttpConnection::wait_for_wake() {
  AsioError ignored;
  wake_.expires_at(MonotonicTime::max());
  co_await wake_.async_wait(await_into(ignored));
}

std::function<void()> HttpConnection::waker() {
  return [weak = weak_from_this()] {
    if (auto self = weak.lock()) {
      AsioExecutor executor = self->io_.context.get_executor();
      // Moved, so that its last owner is on the io thread.
      asio::post(executor, [self = std::move(self)] { self->wake(); });
    }
  };
}

}  // namespace grange
