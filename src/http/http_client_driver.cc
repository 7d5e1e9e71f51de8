#include "http/http_client_driver.h"

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/error.h"

namespace grange {
namespace {

constexpr int kLongestPoll = 60'000;

MonotonicTime after(MonotonicTime now, Seconds delay) {
  return now + std::chrono::duration_cast<MonotonicTime::duration>(delay);
}

std::string origin_of(const Url& url) {
  return url.scheme() + "://" + url.authority();
}

}  // namespace

HttpClientDriver::HttpClientDriver(const HttpClientOptions& options, const Clock& clock)
    : options_(options), clock_(clock), multi_(make_curl_multi(options)) {
  thread_ = std::jthread([this] { run(); });
}

HttpClientDriver::~HttpClientDriver() {
  {
    MutexLock lock(mutex_);
    closing_ = true;
  }
  ::curl_multi_wakeup(multi_.get());
  thread_.join();
}

void HttpClientDriver::post(Command command) {
  {
    MutexLock lock(mutex_);
    posted_.push_back(std::move(command));
  }
  ::curl_multi_wakeup(multi_.get());
}

HttpClientDriver::Id HttpClientDriver::start(std::unique_ptr<HttpTransfer> transfer,
                                             std::stop_token stop) {
  const Id id = ++last_id_;
  post({Command::Kind::start, id, std::move(transfer), std::move(stop)});
  return id;
}

void HttpClientDriver::wake(Id id) {
  post({Command::Kind::wake, id, nullptr, {}});
}

void HttpClientDriver::cancel(Id id) {
  post({Command::Kind::cancel, id, nullptr, {}});
}

void HttpClientDriver::run() noexcept {
  while (obey()) {
    look_at_time();
    launch();
    int running = 0;
    GRANGE_CHECK(::curl_multi_perform(multi_.get(), &running) == CURLM_OK);
    collect();
    launch();  // what a redirect or the end of another made possible
    ::curl_multi_poll(multi_.get(), nullptr, 0, poll_milliseconds(), nullptr);
  }
  while (!jobs_.empty()) {
    fail(jobs_.begin()->first,
         std::make_exception_ptr(CancelledError("the HTTP client was closed")));
  }
}

bool HttpClientDriver::obey() {
  std::vector<Command> commands;
  bool closing = false;
  {
    MutexLock lock(mutex_);
    commands.swap(posted_);
    closing = closing_;
  }
  for (auto& command : commands) {
    if (command.kind == Command::Kind::start) {
      accept(command);
      continue;
    }
    const auto found = jobs_.find(command.id);
    if (found == jobs_.end()) continue;  // it has ended meanwhile
    if (command.kind == Command::Kind::cancel) {
      fail(command.id, std::make_exception_ptr(CancelledError("the request was cancelled")));
    } else if (found->second.easy != nullptr) {
      found->second.transfer->wake(found->second.easy);
    }
  }
  return !closing;
}

void HttpClientDriver::accept(Command& command) {
  const Id id = command.id;
  auto& job = jobs_[id];
  job.transfer = std::move(command.transfer);
  // Where the stop was requested already, this posts the cancellation at once.
  if (command.stop.stop_possible()) {
    job.on_stop.emplace(std::move(command.stop), [this, id] { cancel(id); });
  }
  queue(id, job, false);
}

void HttpClientDriver::queue(Id id, Job& job, bool first) {
  job.phase = Phase::waiting;
  job.origin = origin_of(job.transfer->url());
  auto& waiting = origins_[job.origin].waiting;
  waiting.insert(first ? waiting.begin() : waiting.end(), id);
  set_timer(id, job);
}

void HttpClientDriver::launch() {
  for (auto at = origins_.begin(); at != origins_.end();) {
    auto& origin = at->second;
    while (!origin.waiting.empty() && origin.running < options_.max_requests_per_host) {
      const Id id = origin.waiting.front();
      origin.waiting.pop_front();
      // One that has ended, or came here again by another way, leaves its number behind.
      const auto found = jobs_.find(id);
      if (found == jobs_.end() || found->second.phase != Phase::waiting) continue;
      launch_one(id, found->second);
    }
    at = origin.waiting.empty() && origin.running == 0 ? origins_.erase(at) : std::next(at);
  }
}

void HttpClientDriver::launch_one(Id id, Job& job) {
  try {
    if (idle_.empty()) {
      handles_.push_back(make_curl_easy());
      idle_.push_back(handles_.back().get());
    }
    auto* easy = idle_.back();
    job.transfer->begin(easy);
    if (::curl_multi_add_handle(multi_.get(), easy) != CURLM_OK) {
      throw UnavailableError("libcurl does not take another transfer");
    }
    idle_.pop_back();
    job.easy = easy;
    job.phase = Phase::running;
    job.connected = false;
    job.next_look = after(clock_.monotonic(), job.transfer->stall_timeout());
    running_[easy] = id;
    ++origins_[job.origin].running;
    set_timer(id, job);
  } catch (...) {
    fail(id, std::current_exception());
  }
}

void HttpClientDriver::collect() {
  int left = 0;
  while (const CURLMsg* message = ::curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto code = message->data.result;
    const auto found = running_.find(message->easy_handle);
    GRANGE_CHECK(found != running_.end());
    const Id id = found->second;
    auto& job = jobs_.at(id);
    const auto next = job.transfer->end(code, chance());
    release(job);
    proceed(id, job, next);
  }
}

void HttpClientDriver::release(Job& job) {
  if (job.easy == nullptr) return;
  GRANGE_CHECK(::curl_multi_remove_handle(multi_.get(), job.easy) == CURLM_OK);
  running_.erase(job.easy);
  idle_.push_back(job.easy);
  job.easy = nullptr;
  --origins_[job.origin].running;
}

void HttpClientDriver::proceed(Id id, Job& job, HttpTransfer::Next next) {
  if (next == HttpTransfer::Next::hop) {
    queue(id, job, true);
    return;
  }
  if (next == HttpTransfer::Next::try_again) {
    const auto at = after(clock_.monotonic(), job.transfer->delay());
    if (!job.transfer->deadline() || at < *job.transfer->deadline()) {
      job.phase = Phase::pausing;
      job.next_look = at;
      set_timer(id, job);
      return;
    }
  }
  job.transfer->finish();
  remove(id);
}

void HttpClientDriver::set_timer(Id id, Job& job) {
  std::optional<MonotonicTime> next = job.transfer->deadline();
  if (job.phase != Phase::waiting && (!next || job.next_look < *next)) next = job.next_look;
  if (next == job.timer) return;
  if (job.timer) timers_.erase({*job.timer, id});
  if (next) timers_.emplace(*next, id);
  job.timer = next;
}

void HttpClientDriver::look_at_time() {
  const auto now = clock_.monotonic();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const Id id = timers_.begin()->second;
    look_at(id, jobs_.at(id), now);
  }
}

void HttpClientDriver::look_at(Id id, Job& job, MonotonicTime now) {
  const auto& deadline = job.transfer->deadline();
  if (deadline && *deadline <= now) {
    fail(id, std::make_exception_ptr(TimeoutError("the request did not end in time")));
    return;
  }
  if (job.phase == Phase::pausing) {
    queue(id, job, false);
    return;
  }
  bool alive = job.transfer->is_alive();
  if (!job.connected) {  // it waits for a connection, or makes one: libcurl limits that
    curl_off_t before_sending = 0;
    ::curl_easy_getinfo(job.easy, CURLINFO_PRETRANSFER_TIME_T, &before_sending);
    job.connected = before_sending > 0;
    alive = true;
  }
  if (!alive) {
    const auto next = job.transfer->end_stalled(chance());
    release(job);
    proceed(id, job, next);
    return;
  }
  job.next_look = after(now, job.transfer->stall_timeout());
  set_timer(id, job);
}

void HttpClientDriver::fail(Id id, std::exception_ptr error) {
  auto& job = jobs_.at(id);
  release(job);
  job.transfer->fail(std::move(error));
  remove(id);
}

void HttpClientDriver::remove(Id id) {
  const auto found = jobs_.find(id);
  if (found->second.timer) timers_.erase({*found->second.timer, id});
  jobs_.erase(found);
}

int HttpClientDriver::poll_milliseconds() const {
  if (timers_.empty()) return kLongestPoll;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - clock_.monotonic());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kLongestPoll));
}

}  // namespace grange
