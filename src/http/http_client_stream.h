#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/stream.h"
#include "base/thread_annotations.h"
#include "http/http_client_peer.h"

namespace grange {

/// A peer for a caller that waits: the caller's thread feeds the sink and reads the body, and two
/// bounded buffers lie between it and the client's thread. Where one is full or empty, the
/// transfer is paused and the other side wakes it.
class HttpClientStream final : public HttpClientPeer {
 public:
  /// `sink`: none, then a success's body is gathered. `body`: none, then the request's own. Both
  /// are used by `run` only.
  HttpClientStream(std::size_t buffer_size, Sink* sink, const HttpBody* body);
  /// For a caller that pulls a success's body with `next`.
  explicit HttpClientStream(std::size_t buffer_size);

  /// Moves bytes until the transfer ends; its answer. Errors of the sink and the body pass
  /// through; the caller then cancels the transfer and calls `wait_for_end`. `wake` unpauses.
  HttpResponse run(const std::function<void()>& wake);
  void wait_for_end();
  /// Waits for more of a success's body, in the place of `piece`; false: the answer has ended, see
  /// `response`. Throws what the request ended with.
  bool next(std::string& piece, const std::function<void()>& wake);
  HttpResponse response();

  bool has_body() const override { return body_ != nullptr; }
  std::optional<std::uint64_t> body_size() const override { return body_->size; }
  bool keeps() const override { return keeps_; }
  void begin_try(bool with_body) override;
  bool take(std::string_view data) override;
  std::optional<std::size_t> give(char* buffer, std::size_t size) override;
  void finish(HttpResponse response, std::exception_ptr error) noexcept override;

 private:
  bool wants_feed() const REQUIRES(mutex_);
  bool has_work() const REQUIRES(mutex_);
  /// Reads one piece of the body for the try of this number.
  void feed(std::uint64_t number, const std::function<void()>& wake);
  void check_size(bool at_end) const;

  const std::size_t buffer_size_;
  Sink* const sink_;
  const HttpBody* const body_;
  const bool keeps_;  ///< what is received goes to the caller as it comes

  Mutex mutex_;
  std::condition_variable_any changed_;
  std::string inbox_ GUARDED_BY(mutex_);  ///< received: for the sink, or gathered
  bool receive_paused_ GUARDED_BY(mutex_) = false;
  std::deque<std::string> outbox_ GUARDED_BY(mutex_);
  std::size_t outbox_size_ GUARDED_BY(mutex_) = 0;
  std::size_t outbox_at_ GUARDED_BY(mutex_) = 0;     ///< what was sent of the first piece
  std::uint64_t try_number_ GUARDED_BY(mutex_) = 0;  ///< 0: none has begun
  bool feeding_ GUARDED_BY(mutex_) = false;  ///< this try has a body, and not all of it was read
  bool send_paused_ GUARDED_BY(mutex_) = false;
  bool finished_ GUARDED_BY(mutex_) = false;
  HttpResponse response_ GUARDED_BY(mutex_);
  std::exception_ptr error_ GUARDED_BY(mutex_);

  // Of the caller's thread.
  std::unique_ptr<Source> source_;
  std::uint64_t source_number_ = 0;  ///< of the try that it was opened for
  std::uint64_t source_read_ = 0;
};

}  // namespace grange
