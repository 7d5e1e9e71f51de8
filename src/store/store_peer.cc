#include "store/store_peer.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/terminal_text.h"
#include "base/text.h"

namespace grange {
namespace {

constexpr std::size_t kPeerBuffer = std::size_t{64} << 10;
/// What may arrive while we write; beyond it we write on without taking in more.
constexpr std::size_t kMostArrived = std::size_t{64} << 20;
constexpr std::size_t kKeptErrors = 4096;
constexpr Seconds kTimeToEnd{5};
constexpr Seconds kTimeForLastErrors{1};
constexpr Seconds kMoment{0.02};

void make_nonblocking(const FileDescriptor& file) {
  const int flags = ::fcntl(file.get(), F_GETFL);
  if (flags < 0 || ::fcntl(file.get(), F_SETFL, flags | O_NONBLOCK) < 0) {
    throw_errno("preparing a connection");
  }
}

/// write(2) to a pipe whose other end may be closed, whatever the program does about SIGPIPE.
ssize_t write_quietly(int fd, const char* data, std::size_t size) {
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
  const ssize_t written = ::write(fd, data, size);
  const int code = errno;
  if (written < 0 && code == EPIPE && ::sigismember(&before, SIGPIPE) == 0) {
    const timespec none{};
    while (::sigtimedwait(&pipe, nullptr, &none) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = code;
  return written;
}

int milliseconds_until(const std::optional<MonotonicTime>& deadline) {
  if (!deadline) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

MonotonicTime after(Seconds time) {
  return std::chrono::steady_clock::now() +
         std::chrono::duration_cast<std::chrono::steady_clock::duration>(time);
}

}  // namespace

std::unique_ptr<StorePeer> StorePeer::connect(const std::filesystem::path& socket,
                                              std::string shown) {
  FileDescriptor end(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!end) throw_errno("opening a socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto name = socket.string();
  FileDescriptor directory;
  if (name.size() >= sizeof address.sun_path) {
    // The directory has a short name in /proc, however long its own is.
    directory = open_file(socket.parent_path(), O_PATH | O_DIRECTORY);
    name = "/proc/self/fd/" + std::to_string(directory.get()) + "/" + socket.filename().string();
  }
  if (name.size() >= sizeof address.sun_path) {
    throw InvalidError("the name of the socket '" + socket.string() + "' is too long");
  }
  std::memcpy(address.sun_path, name.data(), name.size());
  if (::connect(end.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int code = errno;
    const std::string text = "cannot connect to the socket '" + socket.string() +
                             "': " + std::generic_category().message(code);
    if (code == EACCES || code == EPERM) throw DeniedError(text);
    throw UnavailableError(text);
  }
  return over(std::move(end), std::move(shown));
}

std::unique_ptr<StorePeer> StorePeer::over(FileDescriptor socket, std::string shown) {
  return std::unique_ptr<StorePeer>(
      new StorePeer({std::move(socket), {}, {}, std::nullopt}, std::move(shown)));
}

std::unique_ptr<StorePeer> StorePeer::start(const std::vector<std::string>& command,
                                            std::string shown, Group group) {
  auto [their_in, our_out] = make_pipe();
  auto [our_in, their_out] = make_pipe();
  auto [our_error, their_error] = make_pipe();
  SpawnOptions options;
  options.arguments = command;
  options.standard_input = their_in.get();
  options.standard_output = their_out.get();
  options.standard_error = their_error.get();
  options.new_process_group = group == Group::own;
  auto child = ChildProcess::spawn(options);
  return std::unique_ptr<StorePeer>(
      new StorePeer({std::move(our_in), std::move(our_out), std::move(our_error), std::move(child)},
                    std::move(shown)));
}

StorePeer::StorePeer(Ends ends, std::string shown)
    : ends_{std::move(ends)},
      shown_(std::move(shown)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_) throw_errno("preparing a connection");
  make_nonblocking(ends_.in);
  if (ends_.out) make_nonblocking(ends_.out);
  if (ends_.error) make_nonblocking(ends_.error);
}

StorePeer::~StorePeer() {
  ends_.out.reset();
  ends_.in.reset();
  if (!ends_.child) return;
  // A daemon sees that we are gone, and ends what it does for us; ssh tells the other side.
  try {
    const auto deadline = after(kTimeToEnd);
    while (std::chrono::steady_clock::now() < deadline) {
      if (ends_.child->wait_until(after(kMoment))) return;
      if (ends_.error) take_error();  // so that it never waits for us to do that
    }
    ends_.child->kill(SIGTERM);
    ends_.child->wait_until(after(Seconds(1)));
  } catch (const std::exception&) {  // its own destructor kills it
  }
}

void StorePeer::interrupt() noexcept {
  interrupted_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

std::optional<MonotonicTime> StorePeer::deadline() const {
  if (!patience_) return std::nullopt;
  return after(*patience_);
}

StorePeer::Ready StorePeer::wait(For what, std::optional<MonotonicTime> deadline) {
  for (;;) {
    if (interrupted_) throw CancelledError("the connection to " + shown_ + " was given up");
    const bool take =
        what == For::reading || (what == For::writing && !ended_ && arrived_.size() < kMostArrived);
    pollfd waited[] = {
        {take ? ends_.in.get() : -1, POLLIN, 0},
        {what == For::writing ? (ends_.out ? ends_.out : ends_.in).get() : -1, POLLOUT, 0},
        {ends_.error ? ends_.error.get() : -1, POLLIN, 0},
        {wake_.get(), POLLIN, 0},
    };
    const int count = ::poll(waited, std::size(waited), milliseconds_until(deadline));
    if (count < 0 && errno != EINTR) throw_errno("waiting for", shown_);
    if (count == 0 && deadline && std::chrono::steady_clock::now() >= *deadline) {
      if (what == For::looking) return {};
      throw TimeoutError(shown_ + " did not answer for " +
                         std::to_string(static_cast<int>(patience_->count())) + " s");
    }
    if (count <= 0) continue;
    if (waited[2].revents != 0) take_error();
    const Ready ready{waited[0].revents != 0, waited[1].revents != 0};
    if (ready.in || ready.out || what == For::looking) return ready;
  }
}

/// Takes in what has arrived on standard error, if it has. Does not wait.
bool StorePeer::take_error() {
  char buffer[8192];
  const auto count = ::read(ends_.error.get(), buffer, sizeof buffer);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (count <= 0) {
    ends_.error.reset();
    return false;
  }
  const std::string_view said(buffer, static_cast<std::size_t>(count));
  last_errors_ += said;
  if (last_errors_.size() > kKeptErrors) {
    last_errors_.erase(0, last_errors_.size() - kKeptErrors);
  }
  if (listener_) listener_(said);
  return true;
}

void StorePeer::take_errors() {
  while (ends_.error && take_error()) {
  }
}

/// What it said before it ended may be on its way yet.
void StorePeer::take_last_errors() {
  const auto deadline = after(kTimeForLastErrors);
  while (ends_.error && std::chrono::steady_clock::now() < deadline) {
    wait(For::looking, deadline);
  }
}

/// Takes in what has arrived. Does not wait.
void StorePeer::take_in() {
  const auto before = arrived_.size();
  arrived_.resize(before + kPeerBuffer);
  const auto count = ::read(ends_.in.get(), arrived_.data() + before, kPeerBuffer);
  const int code = errno;
  arrived_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count > 0) return;
  if (count < 0 && (code == EAGAIN || code == EINTR)) return;
  ended_ = true;  // also where it was reset
}

void StorePeer::throw_gone() {
  std::string text = "the connection to " + shown_ + " ended";
  if (ends_.error || !last_errors_.empty()) {
    take_last_errors();
    std::string said;
    for (const auto line : split(last_errors_, '\n')) {
      const auto plain = plain_line(line);
      if (!plain.empty()) said += (said.empty() ? "" : "; ") + plain;
    }
    if (!said.empty()) text += ": " + said;
  }
  throw UnavailableError(text);
}

std::size_t StorePeer::read(char* buffer, std::size_t size) {
  if (at_ == arrived_.size()) {
    arrived_.clear();
    at_ = 0;
    const auto until = deadline();
    while (arrived_.empty()) {
      if (ended_) throw_gone();
      wait(For::reading, until);
      take_in();
    }
  }
  const auto count = std::min(size, arrived_.size() - at_);
  std::memcpy(buffer, arrived_.data() + at_, count);
  at_ += count;
  return count;
}

void StorePeer::write(std::string_view data) {
  while (!data.empty()) {
    if (interrupted_) throw CancelledError("the connection to " + shown_ + " was given up");
    const auto written = ends_.out ? write_quietly(ends_.out.get(), data.data(), data.size())
                                   : ::send(ends_.in.get(), data.data(), data.size(), MSG_NOSIGNAL);
    if (written >= 0) {
      data.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EPIPE || errno == ECONNRESET) throw_gone();
    if (errno != EAGAIN) throw_errno("writing to", shown_);
    const auto until = deadline();
    for (;;) {
      const auto ready = wait(For::writing, until);
      if (ready.in) take_in();
      if (ready.out) break;
    }
  }
}

bool StorePeer::has_input() {
  if (at_ < arrived_.size() || ended_) return true;
  pollfd waited{ends_.in.get(), POLLIN, 0};
  return ::poll(&waited, 1, 0) > 0;
}

}  // namespace grange
