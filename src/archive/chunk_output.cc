#include "archive/chunk_output.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/parallel.h"

namespace grange {

ChunkOutput::ChunkOutput(Sink* near, Sink& sink, bool overlapped)
    : near_(near),
      sink_(sink),
      overlapped_(overlapped && processor_count() > 1),
      buffer_(std::make_unique_for_overwrite<char[]>(kChunk)) {}

ChunkOutput::~ChunkOutput() {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mutex_);
    closed_ = true;
    full_.clear();
  }
  changed_.notify_all();
}

std::span<char> ChunkOutput::space(std::size_t least) {
  GRANGE_CHECK(least <= kChunk);
  if (kChunk - used_ < least) flush();
  return {buffer_.get() + used_, kChunk - used_};
}

void ChunkOutput::append(std::string_view data) {
  while (!data.empty()) {
    const auto free = space(1);
    const std::size_t count = std::min(free.size(), data.size());
    std::memcpy(free.data(), data.data(), count);
    commit(count);
    data.remove_prefix(count);
  }
}

void ChunkOutput::flush() {
  if (used_ == 0) return;
  const std::string_view data(buffer_.get(), used_);
  if (near_ != nullptr) near_->write(data);
  if (!overlapped_) {
    sink_.write(data);
  } else {
    hand_over({std::move(buffer_), used_});
    buffer_ = free_buffer();
  }
  used_ = 0;
}

void ChunkOutput::hand_over(Chunk chunk) {
  {
    const MutexLock lock(mutex_);
    full_.push_back(std::move(chunk));
  }
  changed_.notify_all();
  if (!thread_.joinable()) thread_ = std::jthread([this] { feed_sink(); });
}

ChunkOutput::Buffer ChunkOutput::free_buffer() {
  const MutexLock lock(mutex_);
  while (free_.empty() && buffers_ == kBuffers && !error_) changed_.wait(mutex_);
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  if (free_.empty()) {
    ++buffers_;
    return std::make_unique_for_overwrite<char[]>(kChunk);
  }
  Buffer buffer = std::move(free_.back());
  free_.pop_back();
  return buffer;
}

void ChunkOutput::finish() {
  if (!thread_.joinable()) {
    if (used_ == 0) return;
    const std::string_view data(buffer_.get(), used_);
    if (near_ != nullptr) near_->write(data);
    sink_.write(data);
    used_ = 0;
    return;
  }
  flush();
  {
    const MutexLock lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  thread_.join();
  const MutexLock lock(mutex_);
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void ChunkOutput::feed_sink() {
  for (;;) {
    Chunk chunk;
    {
      const MutexLock lock(mutex_);
      while (full_.empty() && !closed_) changed_.wait(mutex_);
      if (full_.empty()) return;
      chunk = std::move(full_.front());
      full_.pop_front();
    }
    try {
      sink_.write({chunk.buffer.get(), chunk.size});
    } catch (...) {
      const MutexLock lock(mutex_);
      error_ = std::current_exception();
      full_.clear();
      changed_.notify_all();
      return;
    }
    {
      const MutexLock lock(mutex_);
      free_.push_back(std::move(chunk.buffer));
    }
    changed_.notify_all();
  }
}

}  // namespace grange
