#include "build/supervise.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <optional>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

/// A builder that has ended closes its output at once; whoever still holds it open has escaped.
constexpr Seconds kDrainPatience{1.0};
/// Longer limits are as good as none, and still fit the clock.
constexpr Seconds kLongestWait{1e8};

MonotonicTime after(MonotonicTime time, Seconds wait) {
  return time + std::chrono::duration_cast<MonotonicTime::duration>(std::min(wait, kLongestWait));
}

class Supervision {
 public:
  Supervision(LaunchedProcess& process, const StepLimits& limits, LogCapture& log,
              const Clock& clock)
      : process_(process),
        limits_(limits),
        log_(log),
        clock_(clock),
        stopped_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        output_(process.output_descriptor()),
        start_(clock.monotonic()),
        last_output_(start_) {
    if (!stopped_) throw_errno("making an eventfd");
  }

  void stop() const noexcept { ::eventfd_write(stopped_.get(), 1); }

  BuilderEnd run(const std::stop_token& token) {
    for (;;) {
      std::array<pollfd, 3> waited{pollfd{output_, POLLIN, 0},
                                   pollfd{process_.poll_descriptor(), POLLIN, 0},
                                   pollfd{stopped_.get(), POLLIN, 0}};
      wait(waited.data(), waited.size(), next_deadline());
      if (token.stop_requested()) throw CancelledError("the build was cancelled");
      if (waited[0].revents != 0 && !read_output()) output_ = -1;
      if (const auto reason = broken_limit()) {
        process_.kill();
        return {*reason, {}};
      }
      if (waited[1].revents == 0) continue;
      if (const auto status = process_.try_wait()) {
        process_.kill();  // what it left in the background goes with it
        drain();
        if (const auto reason = broken_log_limit()) return {*reason, {}};
        return {BuilderEnd::Reason::exited, *status};
      }
    }
  }

 private:
  std::optional<MonotonicTime> next_deadline() const {
    std::optional<MonotonicTime> next;
    if (limits_.timeout.count() > 0) next = after(start_, limits_.timeout);
    if (limits_.max_silent.count() > 0) {
      const auto silent = after(last_output_, limits_.max_silent);
      next = next ? std::min(*next, silent) : silent;
    }
    return next;
  }

  void wait(pollfd* waited, nfds_t count, std::optional<MonotonicTime> deadline) const {
    int timeout = -1;
    if (deadline) {
      const Seconds left = *deadline - clock_.monotonic();
      // Rounded up, so that the deadline has passed when poll says so; bounded to fit.
      timeout = static_cast<int>(std::clamp(std::ceil(left.count() * 1000), 0.0, 1e9));
    }
    if (::poll(waited, count, timeout) < 0 && errno != EINTR) throw_errno("waiting for a builder");
  }

  /// False at the end of the output.
  bool read_output() {
    const auto count = ::read(output_, buffer_.data(), buffer_.size());
    if (count > 0) {
      last_output_ = clock_.monotonic();
      log_.write({buffer_.data(), static_cast<std::size_t>(count)});
      return true;
    }
    // A pty whose other side is closed says EIO.
    return count < 0 && (errno == EINTR || errno == EAGAIN);
  }

  void drain() {
    const auto deadline = after(clock_.monotonic(), kDrainPatience);
    while (output_ >= 0 && !broken_log_limit()) {
      pollfd waited{output_, POLLIN, 0};
      wait(&waited, 1, deadline);
      if (waited.revents == 0) return;
      if (!read_output()) return;
    }
  }

  std::optional<BuilderEnd::Reason> broken_log_limit() const {
    if (limits_.max_log_bytes == 0 || log_.size() <= limits_.max_log_bytes) return std::nullopt;
    return BuilderEnd::Reason::log_limit_exceeded;
  }

  std::optional<BuilderEnd::Reason> broken_limit() const {
    if (const auto reason = broken_log_limit()) return reason;
    const auto now = clock_.monotonic();
    if (limits_.timeout.count() > 0 && now >= after(start_, limits_.timeout)) {
      return BuilderEnd::Reason::timed_out;
    }
    if (limits_.max_silent.count() > 0 && now >= after(last_output_, limits_.max_silent)) {
      return BuilderEnd::Reason::silent;
    }
    return std::nullopt;
  }

  LaunchedProcess& process_;
  const StepLimits& limits_;
  LogCapture& log_;
  const Clock& clock_;
  FileDescriptor stopped_;
  int output_;
  MonotonicTime start_;
  MonotonicTime last_output_;
  std::array<char, 65536> buffer_;
};

}  // namespace

BuilderEnd supervise(LaunchedProcess& process, const StepLimits& limits, LogCapture& log,
                     const Clock& clock, std::stop_token stop) {
  Supervision supervision(process, limits, log, clock);
  const std::stop_callback callback(stop, [&] { supervision.stop(); });
  try {
    auto end = supervision.run(stop);
    log.finish();
    return end;
  } catch (...) {
    process.kill();
    throw;
  }
}

}  // namespace grange
