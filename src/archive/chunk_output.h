#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "base/stream.h"
#include "base/thread_annotations.h"

namespace grange {

/// A writer's own buffer in front of a sink: bytes are read straight into it and handed on in large
/// chunks. When `overlapped`, a second thread feeds the sink from the second chunk on, so that
/// reading files and hashing them take place at once; a tree of one chunk never costs a thread.
///
/// `near` (optional) sees every chunk first, on the caller's thread. Not thread safe itself.
class ChunkOutput {
 public:
  static constexpr std::size_t kChunk = std::size_t{256} << 10;

  ChunkOutput(Sink* near, Sink& sink, bool overlapped);
  ~ChunkOutput();
  ChunkOutput(const ChunkOutput&) = delete;
  ChunkOutput& operator=(const ChunkOutput&) = delete;

  /// Free space: at least `least` bytes (at most kChunk), or what is left of the chunk when more.
  std::span<char> space(std::size_t least);
  /// The first `size` bytes of the last space() are written now.
  void commit(std::size_t size) { used_ += size; }
  void append(std::string_view data);
  /// Hands on the rest and waits until the sink has everything; throws what the sink threw.
  void finish();

 private:
  using Buffer = std::unique_ptr<char[]>;
  struct Chunk {
    Buffer buffer;
    std::size_t size;
  };
  static constexpr std::size_t kBuffers = 4;

  void flush();
  void hand_over(Chunk chunk) EXCLUDES(mutex_);
  Buffer free_buffer() EXCLUDES(mutex_);
  void feed_sink() EXCLUDES(mutex_);

  Sink* near_;
  Sink& sink_;
  const bool overlapped_;
  Buffer buffer_;
  std::size_t used_ = 0;

  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Chunk> full_ GUARDED_BY(mutex_);
  std::vector<Buffer> free_ GUARDED_BY(mutex_);
  std::size_t buffers_ GUARDED_BY(mutex_) = 1;
  bool closed_ GUARDED_BY(mutex_) = false;
  std::exception_ptr error_ GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace grange
