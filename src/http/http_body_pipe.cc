#include "http/http_body_pipe.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace grange {

void BufferedBytes::add(std::int64_t bytes) {
  const std::int64_t total = now.fetch_add(bytes) + bytes;
  std::int64_t most = peak.load();
  while (total > most && !peak.compare_exchange_weak(most, total)) {
  }
}

BodyPipe::BodyPipe(std::size_t capacity, BufferedBytes& counter, std::function<void()> wake_io)
    : capacity_(std::max<std::size_t>(1, capacity)),
      counter_(counter),
      wake_io_(std::move(wake_io)) {}

BodyPipe::~BodyPipe() {
  counter_.add(-static_cast<std::int64_t>(buffer_.size() - begin_));
}

BodyPipe::State BodyPipe::state() const {
  const MutexLock lock(mutex_);
  return {buffer_.size() - begin_, asked_, finished_, failure_};
}

void BodyPipe::finish() {
  {
    const MutexLock lock(mutex_);
    finished_ = true;
  }
  changed_.notify_all();
}

void BodyPipe::fail(std::exception_ptr error) {
  {
    const MutexLock lock(mutex_);
    if (failure_) return;
    failure_ = std::move(error);
    counter_.add(-static_cast<std::int64_t>(buffer_.size() - begin_));
    buffer_ = {};
    begin_ = 0;
  }
  changed_.notify_all();
}

void BodyPipe::push(std::string_view data) {
  {
    const MutexLock lock(mutex_);
    if (failure_) return;
    if (begin_ > 0) {
      buffer_.erase(0, begin_);
      begin_ = 0;
    }
    buffer_.append(data);
    counter_.add(static_cast<std::int64_t>(data.size()));
  }
  changed_.notify_all();
}

std::string BodyPipe::take() {
  std::string taken;
  {
    const MutexLock lock(mutex_);
    taken.swap(buffer_);
    taken.erase(0, std::exchange(begin_, 0));
    counter_.add(-static_cast<std::int64_t>(taken.size()));
  }
  changed_.notify_all();
  return taken;
}

std::size_t BodyPipe::read(char* buffer, std::size_t size) {
  bool wake = false;
  {
    const MutexLock lock(mutex_);
    wake = !std::exchange(asked_, true);
  }
  if (wake) wake_io_();
  std::size_t got = 0;
  {
    const MutexLock lock(mutex_);
    while (buffer_.size() == begin_ && !finished_ && !failure_) changed_.wait(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    got = std::min(size, buffer_.size() - begin_);
    std::memcpy(buffer, buffer_.data() + begin_, got);
    begin_ += got;
    counter_.add(-static_cast<std::int64_t>(got));
    // Waking the io thread costs more than reading a little: it is woken when half is free.
    wake = got > 0 && buffer_.size() - begin_ <= capacity_ / 2;
  }
  if (wake) wake_io_();
  return got;
}

void BodyPipe::write(std::string_view data) {
  while (!data.empty()) {
    {
      const MutexLock lock(mutex_);
      while (buffer_.size() >= capacity_ && !failure_) changed_.wait(mutex_);
      if (failure_) std::rethrow_exception(failure_);
      const std::size_t size = std::min(data.size(), capacity_ - buffer_.size());
      buffer_.append(data.substr(0, size));
      counter_.add(static_cast<std::int64_t>(size));
      data.remove_prefix(size);
    }
    wake_io_();
  }
}

void PipeSink::write(std::string_view data) {
  if (left_) {
    if (data.size() > *left_) throw InvalidError("a body is longer than was declared");
    *left_ -= data.size();
  }
  pipe_.write(data);
}

void PipeSink::finish() {
  if (left_ && *left_ > 0) throw InvalidError("a body is shorter than was declared");
}

}  // namespace grange
