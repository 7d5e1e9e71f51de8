#pragma once

#include <stop_token>
#include <thread>

namespace grange {

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request, without a signal handler: they are blocked
/// in every thread and awaited by one. A second signal ends the process at once. Made first thing
/// in a command, before any other thread.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  /// Returns when the first signal has come.
  void wait() const;

 private:
  std::stop_source source_;
  std::jthread thread_;
};

}  // namespace grange
