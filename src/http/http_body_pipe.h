#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/stream.h"
#include "base/thread_annotations.h"

namespace grange {

/// How many bytes of bodies lie in pipes, and the most that ever did; thread safe.
struct BufferedBytes {
  std::atomic<std::int64_t> now = 0;
  std::atomic<std::int64_t> peak = 0;
  void add(std::int64_t bytes);
};

/// The bridge for a body between an io thread, which never waits here, and a thread of a pool,
/// which does. Holds at most `capacity` bytes. Bodies of requests flow from the io side (`push`) to
/// the pool side (`read`), those of responses from the pool side (`write`) to the io side (`take`).
/// `wake_io` is called on the pool's thread when the io side has something to do again.
class BodyPipe {
 public:
  BodyPipe(std::size_t capacity, BufferedBytes& counter, std::function<void()> wake_io);
  ~BodyPipe();
  BodyPipe(const BodyPipe&) = delete;
  BodyPipe& operator=(const BodyPipe&) = delete;

  /// What the io side acts on.
  struct State {
    std::size_t buffered = 0;
    bool asked = false;          ///< somebody has begun to read
    bool finished = false;       ///< the writer has ended
    std::exception_ptr failure;  ///< … or has failed
  };
  State state() const;
  std::size_t capacity() const { return capacity_; }

  /// Either side: nothing more will come. What lies in the pipe can still be taken.
  void finish();
  /// Either side: what lies in the pipe is dropped, and the other side fails with this error. The
  /// first failure stays.
  void fail(std::exception_ptr error);

  // The io side.
  /// There must be room for it.
  void push(std::string_view data);
  /// All that lies here.
  std::string take();

  // The pool side; both block, and throw what the pipe failed with.
  std::size_t read(char* buffer, std::size_t size);
  void write(std::string_view data);

 private:
  const std::size_t capacity_;
  BufferedBytes& counter_;
  const std::function<void()> wake_io_;

  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::string buffer_ GUARDED_BY(mutex_);
  std::size_t begin_ GUARDED_BY(mutex_) = 0;  ///< what is before it has been read
  bool asked_ GUARDED_BY(mutex_) = false;
  bool finished_ GUARDED_BY(mutex_) = false;
  std::exception_ptr failure_ GUARDED_BY(mutex_);
};

/// The body of a request, for its handler.
class PipeSource final : public Source {
 public:
  explicit PipeSource(BodyPipe& pipe) : pipe_(pipe) {}
  std::size_t read(char* buffer, std::size_t size) override { return pipe_.read(buffer, size); }

 private:
  BodyPipe& pipe_;
};

/// The body of a response, for who writes it. Where its length was declared, more is refused at
/// once and less by `finish`, with InvalidError.
class PipeSink final : public Sink {
 public:
  PipeSink(BodyPipe& pipe, std::optional<std::uint64_t> length) : pipe_(pipe), left_(length) {}
  void write(std::string_view data) override;
  void finish();

 private:
  BodyPipe& pipe_;
  std::optional<std::uint64_t> left_;
};

}  // namespace grange
