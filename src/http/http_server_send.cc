#include <algorithm>
#include <array>
#include <cerrno>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/error.h"
#include "http/http_server_connection.h"

namespace grange {

namespace {

/// What one sendfile moves at most, and after how much other connections get their turn.
constexpr std::uint64_t kFilePiece = 1024 * 1024;
constexpr std::uint64_t kFileTurn = 4 * kFilePiece;

bool is_bodiless(int status) {
  return status < 200 || status == 204 || status == 304;
}

/// What only the server may say.
bool is_framing_field(std::string_view name) {
  return equal_ignoring_case(name, "Date") || equal_ignoring_case(name, "Content-Length") ||
         equal_ignoring_case(name, "Transfer-Encoding") || equal_ignoring_case(name, "Connection");
}

}  // namespace

std::string HttpConnection::head_text(const ServerResponse& response,
                                      std::optional<std::uint64_t> length, bool chunked) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                                 reason_phrase(response.status), io_.date());
  for (const auto& [name, value] : response.headers.all()) {
    if (is_framing_field(name)) continue;
    text.append(name).append(": ").append(value).append("\r\n");
  }
  if (length) text += fmt::format("Content-Length: {}\r\n", *length);
  if (chunked) text += "Transfer-Encoding: chunked\r\n";
  if (!keep_alive_) {
    text += "Connection: close\r\n";
  } else if (is_http_1_0_) {
    text += "Connection: keep-alive\r\n";
  }
  return text += "\r\n";
}

Awaitable<bool> HttpConnection::send(const ServerRequest* request, ServerResponse response) {
  const bool bodiless = is_bodiless(response.status);
  const bool is_stream = std::holds_alternative<StreamBody>(response.body);
  if (is_stream && !is_head_ && !bodiless) {
    const bool streamed = co_await send_stream(request, std::move(response));
    co_return streamed;
  }
  const auto length = bodiless ? std::nullopt : body_length(response.body);
  const std::string head = head_text(response, length, false);
  bool sent = false;
  if (is_head_ || bodiless) {
    sent = co_await send_bytes(head);
  } else if (const auto* text = std::get_if<std::string>(&response.body)) {
    sent = co_await send_bytes(head, *text);
  } else if (const auto* file = std::get_if<FileBody>(&response.body)) {
    sent = co_await send_bytes(head, {}, {}, file->length > 0);
    if (sent) sent = co_await send_file(*file);
  } else {
    sent = co_await send_bytes(head);
  }
  co_return sent;
}

Awaitable<bool> HttpConnection::send_stream(const ServerRequest* request, ServerResponse response) {
  auto stream = std::get<StreamBody>(std::move(response.body));
  const auto length = stream.length;
  auto job = std::make_shared<HandlerJob>();
  job->pipe = make_body_pipe();
  BodyPipe& pipe = *job->pipe;
  job->work = [&pipe, stream = std::move(stream)] {
    try {
      PipeSink sink(pipe, stream.length);
      stream.write(sink);
      sink.finish();
      pipe.finish();
    } catch (...) {
      pipe.fail(std::current_exception());
      throw;
    }
  };
  const bool posted = post(core_.blocking, job);
  if (!posted) {
    ServerResponse busy = text_response(503, "too much is asked of this server at once");
    busy.headers.set("Retry-After", "1");
    const bool sent_busy = co_await send(request, std::move(busy));
    co_return sent_busy;
  }
  // The head waits for the first bytes, so that an early failure still gets a response of its own.
  while (!job->done && !aborted_ && pipe.state().buffered == 0) co_await wait_for_wake();
  if (pipe.state().failure) {
    co_await finish_job(job);
    if (aborted_ || !job->error) co_return false;
    if (request != nullptr) report(*request, job->error);
    ServerResponse failed;
    try {
      std::rethrow_exception(job->error);
    } catch (const std::exception& error) {
      failed = error_response(error);
    } catch (...) {
      failed = text_response(500, "internal error");
    }
    const bool sent_failure = co_await send(request, std::move(failed));
    co_return sent_failure;
  }
  const bool chunked = !length && !is_http_1_0_;
  if (!length && !chunked) keep_alive_ = false;
  const std::string head = head_text(response, length, chunked);
  bool sent = co_await send_bytes(head, {}, {}, pipe.state().buffered > 0);
  if (sent) sent = co_await send_chunks(pipe, chunked);
  if (!sent) {
    const bool was_its_own = pipe.state().failure != nullptr;
    pipe.fail(std::make_exception_ptr(UnavailableError("the client is gone")));
    co_await finish_job(job);
    if (was_its_own && request != nullptr && job->error) report(*request, job->error);
    if (!length && !chunked) {
      // The end of the connection is the end of such a body: only a reset tells that it is not
      // whole.
      const struct ::linger reset { 1, 0 };
      ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    }
    co_return false;
  }
  co_await finish_job(job);
  co_return true;
}

/// What comes through the pipe, up to its end. False when the client is gone or the pipe failed.
Awaitable<bool> HttpConnection::send_chunks(BodyPipe& pipe, bool chunked) {
  for (;;) {
    const BodyPipe::State state = pipe.state();
    if (state.failure || aborted_) co_return false;
    if (state.buffered == 0) {
      if (state.finished) break;
      no_deadline();
      co_await wait_for_wake();
      continue;
    }
    const std::string data = pipe.take();
    if (data.empty()) continue;
    const std::string size = chunked ? fmt::format("{:x}\r\n", data.size()) : std::string();
    const bool sent = co_await send_bytes(size, data, chunked ? "\r\n" : "");
    if (!sent) co_return false;
  }
  if (!chunked) co_return true;
  const bool ended = co_await send_bytes("0\r\n\r\n");
  co_return ended;
}

/// `more_follows`: it may wait in the socket for what comes next.
Awaitable<bool> HttpConnection::send_bytes(std::string_view first, std::string_view second,
                                           std::string_view third, bool more_follows) {
  std::array<std::string_view, 3> pieces{first, second, third};
  for (;;) {
    std::array<iovec, 3> parts{};
    std::size_t count = 0;
    for (const std::string_view piece : pieces) {
      if (!piece.empty()) parts[count++] = {const_cast<char*>(piece.data()), piece.size()};
    }
    if (count == 0) co_return true;
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more_follows ? MSG_MORE : 0);
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, flags);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) co_return false;
      const bool writable = co_await wait_writable();
      if (!writable) co_return false;
      continue;
    }
    auto left = static_cast<std::size_t>(sent);
    for (std::string_view& piece : pieces) {
      const std::size_t taken = std::min(left, piece.size());
      piece.remove_prefix(taken);
      left -= taken;
    }
  }
}

Awaitable<bool> HttpConnection::send_file(const FileBody& body) {
  auto offset = static_cast<off_t>(body.offset);
  std::uint64_t left = body.length;
  std::uint64_t turn = 0;
  while (left > 0) {
    const ssize_t sent =
        ::sendfile(socket_.native_handle(), body.file->get(), &offset, std::min(left, kFilePiece));
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) co_return false;
      const bool writable = co_await wait_writable();
      if (!writable) co_return false;
      turn = 0;
      continue;
    }
    if (sent == 0) co_return false;  // the file has become shorter
    left -= static_cast<std::uint64_t>(sent);
    turn += static_cast<std::uint64_t>(sent);
    if (turn >= kFileTurn) {
      turn = 0;
      co_await asio::post(io_.context.get_executor(), asio::use_awaitable_t<AsioExecutor>());
    }
  }
  co_return true;
}

Awaitable<bool> HttpConnection::wait_writable() {
  set_deadline(after(core_.options.stall_timeout));
  AsioError error;
  co_await socket_.async_wait(AsioSocket::wait_write, await_into(error));
  no_deadline();
  co_return !error && !timed_out_ && !aborted_;
}

}  // namespace grange
