#pragma once

#include <chrono>

namespace grange {

using Seconds = std::chrono::duration<double>;
using TimePoint = std::chrono::system_clock::time_point;
using MonotonicTime = std::chrono::steady_clock::time_point;

/// The seam for time. Thread safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// For what people read and databases keep.
  virtual TimePoint now() const = 0;
  /// For durations and deadlines.
  virtual MonotonicTime monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::system_clock::now(); }
  MonotonicTime monotonic() const override { return std::chrono::steady_clock::now(); }
};

/// Stands still until told otherwise (tests). Not thread safe.
class FakeClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(elapsed_); }
  MonotonicTime monotonic() const override { return MonotonicTime(elapsed_); }
  void advance(std::chrono::nanoseconds step) {
    elapsed_ += std::chrono::duration_cast<TimePoint::duration>(step);
  }

 private:
  TimePoint::duration elapsed_{};
};

/// Seconds since 1970.
inline std::int64_t to_unix(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace grange
