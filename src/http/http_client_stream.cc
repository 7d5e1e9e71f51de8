#include "http/http_client_stream.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/error.h"

namespace grange {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;

}  // namespace

HttpClientStream::HttpClientStream(std::size_t buffer_size, Sink* sink, const HttpBody* body)
    : buffer_size_(std::max<std::size_t>(buffer_size, 1)),
      sink_(sink),
      body_(body),
      keeps_(sink != nullptr) {}

HttpClientStream::HttpClientStream(std::size_t buffer_size)
    : buffer_size_(std::max<std::size_t>(buffer_size, 1)),
      sink_(nullptr),
      body_(nullptr),
      keeps_(true) {}

bool HttpClientStream::wants_feed() const {
  return feeding_ && outbox_size_ < buffer_size_;
}

bool HttpClientStream::has_work() const {
  return finished_ || wants_feed() || (sink_ != nullptr && !inbox_.empty());
}

HttpResponse HttpClientStream::run(const std::function<void()>& wake) {
  std::string received;
  for (;;) {
    std::uint64_t number = 0;
    bool unpause = false;
    received.clear();
    {
      MutexLock lock(mutex_);
      // The client ends every transfer: at its deadline, when stopped, or when it ends itself.
      while (!has_work()) changed_.wait(mutex_);
      if (finished_ && error_) std::rethrow_exception(error_);
      if (sink_ != nullptr && !inbox_.empty()) {
        received.swap(inbox_);
        unpause = std::exchange(receive_paused_, false);
      } else if (finished_) {
        if (sink_ == nullptr && response_.ok()) response_.body = std::move(inbox_);
        return std::move(response_);
      } else {
        number = try_number_;
      }
    }
    if (unpause) wake();
    if (!received.empty()) {
      sink_->write(received);
    } else {
      feed(number, wake);
    }
  }
}

bool HttpClientStream::next(std::string& piece, const std::function<void()>& wake) {
  piece.clear();
  bool unpause = false;
  {
    MutexLock lock(mutex_);
    while (!finished_ && inbox_.empty()) changed_.wait(mutex_);
    if (finished_ && error_) std::rethrow_exception(error_);
    if (inbox_.empty()) return false;
    piece.swap(inbox_);
    unpause = std::exchange(receive_paused_, false);
  }
  if (unpause) wake();
  return true;
}

HttpResponse HttpClientStream::response() {
  MutexLock lock(mutex_);
  return response_;
}

void HttpClientStream::check_size(bool at_end) const {
  if (!body_->size) return;
  if (source_read_ > *body_->size || (at_end && source_read_ != *body_->size)) {
    throw CorruptError("the body to send should have " + std::to_string(*body_->size) +
                       " bytes; got " + (at_end ? "" : "at least ") + std::to_string(source_read_));
  }
}

void HttpClientStream::feed(std::uint64_t number, const std::function<void()>& wake) {
  if (source_number_ != number) {
    source_ = body_->open();
    source_number_ = number;
    source_read_ = 0;
  }
  std::string piece(kPiece, '\0');
  piece.resize(source_->read(piece.data(), piece.size()));
  source_read_ += piece.size();
  check_size(piece.empty());
  bool unpause = false;
  {
    MutexLock lock(mutex_);
    if (try_number_ != number) return;
    if (piece.empty()) {
      feeding_ = false;
    } else {
      outbox_size_ += piece.size();
      outbox_.push_back(std::move(piece));
    }
    unpause = std::exchange(send_paused_, false);
  }
  if (unpause) wake();
}

void HttpClientStream::wait_for_end() {
  MutexLock lock(mutex_);
  while (!finished_) changed_.wait(mutex_);
}

void HttpClientStream::begin_try(bool with_body) {
  MutexLock lock(mutex_);
  ++try_number_;
  feeding_ = with_body;
  outbox_.clear();
  outbox_size_ = outbox_at_ = 0;
  send_paused_ = receive_paused_ = false;
  if (!keeps_) inbox_.clear();
  changed_.notify_all();
}

bool HttpClientStream::take(std::string_view data) {
  MutexLock lock(mutex_);
  if (keeps_ && inbox_.size() >= buffer_size_) {
    receive_paused_ = true;
    return false;
  }
  inbox_.append(data);
  if (keeps_) changed_.notify_all();
  return true;
}

std::optional<std::size_t> HttpClientStream::give(char* buffer, std::size_t size) {
  MutexLock lock(mutex_);
  if (outbox_.empty()) {
    if (!feeding_) return 0;
    send_paused_ = true;
    return std::nullopt;
  }
  const auto rest = std::string_view(outbox_.front()).substr(outbox_at_);
  const auto count = std::min(size, rest.size());
  std::memcpy(buffer, rest.data(), count);
  outbox_at_ += count;
  outbox_size_ -= count;
  if (count == rest.size()) {
    outbox_.pop_front();
    outbox_at_ = 0;
  }
  changed_.notify_all();
  return count;
}

void HttpClientStream::finish(HttpResponse response, std::exception_ptr error) noexcept {
  MutexLock lock(mutex_);
  response_ = std::move(response);
  error_ = std::move(error);
  finished_ = true;
  changed_.notify_all();
}

}  // namespace grange
