#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace grange {

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request, without a signal handler: they are blocked
/// in every thread and awaited by one. A second signal ends the process at once. Made first thing
/// in a command, before any other thread.
class InterruptWatch {
 public:
  /// What SIGHUP means.
  enum class Hangup { stops, is_told };

  explicit InterruptWatch(Hangup hangup = Hangup::stops);
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  /// Returns when the first signal has come.
  void wait() const;
  /// The same; true where SIGHUP came that is told (since the last call), and nothing is to stop.
  bool wait_for_hangup();

 private:
  const Hangup hangup_;
  std::atomic<bool> hung_up_ = false;
  std::stop_source source_;
  std::jthread thread_;
};

}  // namespace grange
