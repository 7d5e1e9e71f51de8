#include <algorithm>

#include "base/error.h"
#include "http/http_server_connection.h"

namespace grange {

namespace {

constexpr std::size_t kHeadPiece = 4 * 1024;
/// Beast reads bodies in pieces of 512 bytes unless told otherwise.
constexpr std::size_t kReceivePiece = 64 * 1024;
/// So much of a body that no handler took is read for the sake of the next request.
constexpr std::uint64_t kShortRest = 64 * 1024;

}  // namespace

/// Some more bytes into the buffer, by the present deadline.
Awaitable<HttpConnection::Filled> HttpConnection::fill() {
  if (timed_out_) co_return Filled::timeout;
  const std::size_t room = buffer_.max_size() - buffer_.size();
  if (aborted_ || room == 0) co_return Filled::end;
  const std::size_t piece = has_body_ ? kReceivePiece : kHeadPiece;
  AsioError error;
  const std::size_t got =
      co_await socket_.async_read_some(buffer_.prepare(std::min(room, piece)), await_into(error));
  if (!error) {
    buffer_.commit(got);
    co_return Filled::data;
  }
  if (timed_out_) co_return Filled::timeout;
  const bool interrupted = error == asio::error::operation_aborted && !aborted_;
  co_return interrupted ? Filled::interrupted : Filled::end;
}

Awaitable<std::size_t> HttpConnection::read_body(char* data, std::size_t size) {
  namespace http = boost::beast::http;
  while (!parser_->is_done()) {
    if (buffer_.size() > 0) {
      auto& body = parser_->get().body();
      body.data = data;
      body.size = size;
      AsioError error;
      const std::size_t used = parser_->put(buffer_.data(), error);
      buffer_.consume(used);
      const std::size_t got = size - body.size;
      if (error && error != http::error::need_buffer && error != http::error::need_more) {
        throw Refusal{400, "the body is malformed"};
      }
      body_size_ += got;
      if (body_size_ > body_limit_) throw Refusal{413, "the body is too large"};
      if (got > 0) co_return got;
      if (error != http::error::need_more) continue;
    }
    const Filled filled = co_await fill();
    if (filled == Filled::interrupted) co_return 0;
    if (filled == Filled::timeout) throw Refusal{408, "the body did not come in time"};
    if (filled == Filled::end) {
      if (buffer_.size() == buffer_.max_size()) throw Refusal{400, "the body is malformed"};
      is_cut_off_ = true;
      throw UnavailableError("the client ended in the middle of a body");
    }
  }
  co_return 0;
}

Awaitable<std::string> HttpConnection::read_text() {
  co_await send_continue();
  std::string text;
  const MonotonicTime begun = after(core_.options.text_timeout);
  const std::uint64_t rate = std::max<std::uint64_t>(core_.options.text_rate, 1);
  for (;;) {
    const MonotonicTime longest = begun + Milliseconds(text.size() * 1000 / rate);
    set_deadline(std::min(longest, after(core_.options.stall_timeout)));
    const std::size_t before = text.size();
    // One byte more than the limit is enough to find it exceeded.
    text.resize(before + std::min<std::uint64_t>(kReceivePiece, body_limit_ - before + 1));
    const std::size_t got = co_await read_body(text.data() + before, text.size() - before);
    text.resize(before + got);
    if (got == 0) break;
  }
  no_deadline();
  co_return text;
}

Awaitable<void> HttpConnection::feed_pipe(std::shared_ptr<HandlerJob> job) {
  std::optional<Refusal> refusal;
  std::exception_ptr error;
  try {
    co_await feed_some(*job);
  } catch (const Refusal& thrown) {
    refusal = thrown;
  } catch (const std::exception&) {
    error = std::current_exception();
  }
  is_reading_body_ = false;
  if (refusal) {
    error = refusal->status == 408
                ? std::make_exception_ptr(TimeoutError(std::string(refusal->text)))
                : std::make_exception_ptr(InvalidError(std::string(refusal->text)));
  }
  if (error) job->pipe->fail(error);
  co_await finish_job(job);
  if (refusal) throw Refusal(*refusal);
  if (error) std::rethrow_exception(error);
}

Awaitable<void> HttpConnection::feed_some(HandlerJob& job) {
  scratch_.resize(kReceivePiece);
  while (!job.done) {
    const BodyPipe::State state = job.pipe->state();
    if (state.failure) co_return;
    const std::size_t room = job.pipe->capacity() - state.buffered;
    if (!state.asked || room == 0) {
      set_deadline(job.deadline);
      co_await wait_for_wake();
      if (timed_out_) expire(job);
      continue;
    }
    co_await send_continue();
    set_deadline(std::min(job.deadline, after(core_.options.stall_timeout)));
    is_reading_body_ = true;
    const std::size_t got = co_await read_body(scratch_.data(), std::min(room, scratch_.size()));
    is_reading_body_ = false;
    if (got > 0) {
      job.pipe->push({scratch_.data(), got});
    } else if (parser_->is_done()) {
      job.pipe->finish();
      co_return;
    }
  }
}

/// Is it worth reading on to the next request?
bool HttpConnection::rest_is_short() const {
  if (parser_->is_done()) return true;
  const auto left = parser_->content_length_remaining();
  return !owes_continue_ && left && *left <= kShortRest;
}

Awaitable<void> HttpConnection::drop_rest() {
  scratch_.resize(kReceivePiece);
  body_limit_ = std::uint64_t{1} << 62;
  set_deadline(after(core_.options.stall_timeout));
  try {
    for (;;) {
      const std::size_t got = co_await read_body(scratch_.data(), scratch_.size());
      if (got == 0) break;
    }
  } catch (const Refusal&) {
    is_cut_off_ = true;
  } catch (const UnavailableError&) {
    is_cut_off_ = true;
  }
  no_deadline();
}

Awaitable<void> HttpConnection::send_continue() {
  if (!std::exchange(owes_continue_, false) || is_http_1_0_) co_return;
  co_await send_bytes("HTTP/1.1 100 Continue\r\n\r\n");
}

}  // namespace grange
