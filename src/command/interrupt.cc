#include "command/interrupt.h"

#include <condition_variable>
#include <ctime>
#include <mutex>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "command/exit_code.h"

namespace grange {
namespace {

sigset_t interrupts() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

InterruptWatch::InterruptWatch(Hangup hangup) : hangup_(hangup) {
  const sigset_t set = interrupts();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::jthread([this](const std::stop_token& leave) {
    const sigset_t awaited = interrupts();
    while (!leave.stop_requested()) {
      const timespec pause{0, 200'000'000};
      const int signal = sigtimedwait(&awaited, nullptr, &pause);
      if (signal < 0 || leave.stop_requested()) continue;
      if (signal == SIGHUP && hangup_ == Hangup::is_told) {
        hung_up_ = true;
        hung_up_.notify_all();
        continue;
      }
      if (source_.stop_requested()) ::_exit(kExitCancelled);
      source_.request_stop();
    }
  });
}

InterruptWatch::~InterruptWatch() {
  thread_.request_stop();
  // The wait above ends with a signal: ours, which nobody else sees because it is blocked.
  pthread_kill(thread_.native_handle(), SIGHUP);
  thread_.join();
}

void InterruptWatch::wait() const {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, token(), [] { return false; });
}

bool InterruptWatch::wait_for_hangup() {
  const std::stop_callback wake(token(), [this] {
    hung_up_ = true;
    hung_up_.notify_all();
  });
  hung_up_.wait(false);
  hung_up_ = false;
  return !token().stop_requested();
}

}  // namespace grange
