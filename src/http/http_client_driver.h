#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/thread_annotations.h"
#include "http/http_client_options.h"
#include "http/http_client_setup.h"
#include "http/http_client_transfer.h"

namespace grange {

/// The client's one thread: gives transfers their turn by origin, drives libcurl, keeps time. Every
/// transfer that was started is finished. Public functions are thread safe.
class HttpClientDriver {
 public:
  using Id = std::uint64_t;

  /// Both outlive it.
  HttpClientDriver(const HttpClientOptions& options, const Clock& clock);
  /// Fails what has not ended with CancelledError, and joins.
  ~HttpClientDriver();
  HttpClientDriver(const HttpClientDriver&) = delete;
  HttpClientDriver& operator=(const HttpClientDriver&) = delete;

  Id start(std::unique_ptr<HttpTransfer> transfer, std::stop_token stop);
  /// The peer can take or give again.
  void wake(Id id);
  void cancel(Id id);

 private:
  using StopCallback = std::stop_callback<std::function<void()>>;
  enum class Phase { waiting, running, pausing };

  struct Job {
    std::unique_ptr<HttpTransfer> transfer;
    std::optional<StopCallback> on_stop;
    Phase phase = Phase::waiting;
    std::string origin;
    CURL* easy = nullptr;
    bool connected = false;
    MonotonicTime next_look{};           ///< running: is it alive? pausing: its next try
    std::optional<MonotonicTime> timer;  ///< as it stands in timers_
  };
  struct Origin {
    std::deque<Id> waiting;
    unsigned running = 0;
  };
  struct Command {
    enum class Kind { start, wake, cancel } kind;
    Id id = 0;
    std::unique_ptr<HttpTransfer> transfer;
    std::stop_token stop;
  };

  void post(Command command);
  void run() noexcept;
  bool obey();  ///< what was posted; false: the end has come
  void accept(Command& command);
  void queue(Id id, Job& job, bool first);
  void launch();
  void launch_one(Id id, Job& job);
  void collect();
  void proceed(Id id, Job& job, HttpTransfer::Next next);
  void release(Job& job);
  void look_at_time();
  void look_at(Id id, Job& job, MonotonicTime now);
  void set_timer(Id id, Job& job);
  void fail(Id id, std::exception_ptr error);
  void remove(Id id);
  int poll_milliseconds() const;
  double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  const HttpClientOptions& options_;
  const Clock& clock_;
  CurlMultiHandle multi_;
  std::atomic<Id> last_id_{0};

  Mutex mutex_;
  std::vector<Command> posted_ GUARDED_BY(mutex_);
  bool closing_ GUARDED_BY(mutex_) = false;

  // Of the thread alone.
  std::unordered_map<Id, Job> jobs_;
  std::unordered_map<CURL*, Id> running_;
  std::map<std::string, Origin, std::less<>> origins_;
  std::set<std::pair<MonotonicTime, Id>> timers_;
  std::vector<CurlEasyHandle> handles_;  ///< all there are
  std::vector<CURL*> idle_;
  std::minstd_rand random_{std::random_device{}()};

  std::jthread thread_;
};

}  // namespace grange
