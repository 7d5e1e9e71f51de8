#include "process/launcher.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <tuple>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/check.h"
#include "base/error.h"
#include "base/stream.h"
#include "base/thread_annotations.h"
#include "process/launch_message.h"
#include "process/packet_socket.h"

namespace grange {
namespace {

constexpr int kControlDescriptor = 3;
constexpr std::chrono::seconds kStartPatience{30};
constexpr std::chrono::seconds kKillPatience{60};
constexpr std::chrono::seconds kShowPatience{60};
/// Names are short enough for this many in one message.
constexpr std::size_t kShownAtOnce = 32;

/// The two ends of a step's output: ours and the one that the step writes to.
std::pair<FileDescriptor, FileDescriptor> make_terminal() {
  FileDescriptor ours(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!ours || ::grantpt(ours.get()) != 0 || ::unlockpt(ours.get()) != 0) {
    throw_errno("making a pty for a builder");
  }
  FileDescriptor theirs(::ioctl(ours.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!theirs) throw_errno("opening a builder's side of a pty");
  termios settings{};
  if (::tcgetattr(theirs.get(), &settings) != 0) throw_errno("looking at a pty");
  ::cfmakeraw(&settings);
  if (::tcsetattr(theirs.get(), TCSANOW, &settings) != 0) throw_errno("making a pty raw");
  return {std::move(ours), std::move(theirs)};
}

FileDescriptor write_spec(const LaunchSpec& spec) {
  FileDescriptor file(::memfd_create("step", MFD_CLOEXEC));
  if (!file) throw_errno("making a file for a step");
  FdSink(file.get()).write(encode_launch_spec(spec));
  return file;
}

/// Waits for a message; false at the deadline.
bool wait_readable(int fd, std::chrono::seconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() < 0) return false;
    pollfd waited{fd, POLLIN, 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) throw_errno("waiting for the launcher");
  }
}

class LaunchedStep final : public LaunchedProcess {
 public:
  /// `shows` is the socket by which a growing sandbox is asked for more; `sees_all` is for steps
  /// without a sandbox.
  LaunchedStep(FileDescriptor socket, FileDescriptor output, FileDescriptor shows, bool sees_all,
               std::string name)
      : socket_(std::move(socket)),
        output_(std::move(output)),
        name_(std::move(name)),
        sees_all_(sees_all),
        shows_(std::move(shows)) {}

  ~LaunchedStep() override {
    try {
      kill();
    } catch (const std::exception&) {  // closing the socket asks for the same
    }
  }

  int output_descriptor() const override { return output_.get(); }
  int poll_descriptor() const override { return socket_.get(); }

  std::optional<ExitStatus> try_wait() override {
    if (!report_) receive(/*wait=*/false);
    if (!report_) return std::nullopt;
    if (!report_->started) report_->raise();
    return report_->status;
  }

  void kill() override {
    if (report_) return;
    send_packet(socket_.get(), kKillRequest);
    if (!wait_readable(socket_.get(), kKillPatience)) {
      throw TimeoutError("the processes of '" + name_ + "' did not end when they were killed");
    }
    receive(/*wait=*/true);
  }

  void show(const std::vector<std::string>& objects) override {
    if (sees_all_) return;
    const MutexLock lock(show_mutex_);
    for (auto next = objects.begin(); next != objects.end();) {
      const auto rest = static_cast<std::size_t>(objects.end() - next);
      const auto last = next + static_cast<std::ptrdiff_t>(std::min(rest, kShownAtOnce));
      show_together({next, last});
      next = last;
    }
  }

 private:
  void show_together(const std::vector<std::string>& objects) REQUIRES(show_mutex_) {
    if (!shows_) throw CancelledError("the sandbox of '" + name_ + "' shows nothing more");
    if (!send_packet(shows_.get(), encode_names(objects))) {
      throw CancelledError("'" + name_ + "' has ended");
    }
    if (!wait_readable(shows_.get(), kShowPatience)) {
      shows_.reset();  // what comes later would be taken for another answer
      throw TimeoutError("the sandbox of '" + name_ + "' does not show what it is asked to");
    }
    const Packet packet = receive_packet(shows_.get(), /*wait=*/true);
    if (packet.state != Packet::State::received) throw CancelledError("'" + name_ + "' has ended");
    const auto report = decode_report(packet.data);
    if (!report.started) report.raise();
  }

  void receive(bool wait) {
    const Packet packet = receive_packet(socket_.get(), wait);
    if (packet.state == Packet::State::received) report_ = decode_report(packet.data);
    if (packet.state == Packet::State::closed) {
      report_ = StepReport::of_error(
          UnavailableError("the launcher died while it was running '" + name_ + "'"));
    }
  }

  FileDescriptor socket_;
  FileDescriptor output_;
  std::string name_;
  std::optional<StepReport> report_;
  const bool sees_all_;
  Mutex show_mutex_;
  FileDescriptor shows_ GUARDED_BY(show_mutex_);
};

class SystemLauncher final : public Launcher {
 public:
  SystemLauncher(ChildProcess child, FileDescriptor control, bool pty)
      : child_(std::move(child)), control_(std::move(control)), pty_(pty) {}

  ~SystemLauncher() override {
    control_.reset();  // it ends its steps and itself
    try {
      child_.wait_until(std::chrono::steady_clock::now() + kKillPatience);
    } catch (const std::exception&) {  // then the child's own destructor kills it
    }
  }

  std::unique_ptr<LaunchedProcess> launch(const LaunchSpec& spec) override {
    auto [output, builder_output] = pty_ ? make_terminal() : make_pipe();
    const auto owner = spec.sandbox ? spec.sandbox->outside : spec.identity;
    // /dev/stdout, opened again by the builder, is this very file.
    if (owner && ::fchown(builder_output.get(), owner->first, owner->second) != 0) {
      if (errno != EPERM) throw_errno("giving a builder its output");
      throw DeniedError("running a builder as uid " + std::to_string(owner->first) +
                        " needs root; specify no ids for it as an ordinary user");
    }
    auto [socket, step_socket] = make_packet_pair();
    const FileDescriptor file = write_spec(spec);
    std::vector<int> sent{file.get(), builder_output.get(), step_socket.get()};
    FileDescriptor shows;
    FileDescriptor step_shows;
    const bool grows = spec.sandbox && spec.sandbox->grows;
    if (grows) {
      std::tie(shows, step_shows) = make_packet_pair();
      sent.push_back(step_shows.get());
    }
    GRANGE_CHECK(spec.locks.size() <= LaunchSpec::kMostLocks);
    sent.insert(sent.end(), spec.locks.begin(), spec.locks.end());
    if (!send_packet(control_.get(), grows ? kGrowingRequest : kLaunchRequest, sent)) {
      throw UnavailableError("the launcher has died");
    }
    return std::make_unique<LaunchedStep>(std::move(socket), std::move(output), std::move(shows),
                                          !spec.sandbox, spec.program);
  }

 private:
  ChildProcess child_;
  FileDescriptor control_;
  bool pty_;
};

}  // namespace

std::unique_ptr<Launcher> Launcher::start(const LauncherConfig& config) {
  auto [control, launcher_control] = make_packet_pair();
  SpawnOptions options;
  options.arguments = {std::filesystem::absolute(config.program).string()};
  options.environment.emplace();
  options.working_directory = "/";
  options.descriptors = {{launcher_control.get(), kControlDescriptor}};
  options.new_process_group = false;  // it makes itself a session
  ChildProcess child = ChildProcess::spawn(options);
  launcher_control.reset();
  const bool relocated = config.store_dir != config.physical_store;
  send_packet(control.get(), relocated ? encode_relocation(config.store_dir, config.physical_store)
                                       : encode_relocation({}, {}));
  if (!wait_readable(control.get(), kStartPatience)) {
    throw TimeoutError("the launcher '" + config.program.string() + "' does not answer");
  }
  const Packet greeting = receive_packet(control.get(), /*wait=*/true);
  if (greeting.state == Packet::State::closed) {
    throw UnavailableError("the launcher '" + config.program.string() + "' ended with " +
                           child.wait().to_string());
  }
  if (!greeting.data.starts_with("grange-launcher ")) decode_report(greeting.data).raise();
  if (greeting.data != kLauncherGreeting) {
    throw InvalidError("the launcher '" + config.program.string() +
                       "' is of another version: it is " + greeting.data + ", specified is " +
                       std::string(kLauncherGreeting));
  }
  return std::make_unique<SystemLauncher>(std::move(child), std::move(control), config.pty);
}

}  // namespace grange
