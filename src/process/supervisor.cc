#include "process/supervisor.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string>

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "process/builder_process.h"
#include "process/descendants.h"
#include "process/launch_message.h"
#include "process/mount_points.h"
#include "process/namespaces.h"
#include "process/packet_socket.h"
#include "process/sandbox_growth.h"
#include "process/sandbox_plan.h"
#include "process/sandbox_process.h"

namespace grange {
namespace {

LaunchSpec read_spec(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) throw_errno("looking at a step's spec");
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const auto count = ::pread(file, &bytes[done], bytes.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno != EINTR) throw_errno("reading a step's spec");
    if (count == 0) throw CorruptError("a step's spec ends early");
    if (count > 0) done += static_cast<std::size_t>(count);
  }
  return decode_launch_spec(bytes);
}

/// The launcher's death comes as a SIGTERM, which is read like a message.
FileDescriptor watch_signals() {
  const pid_t launcher = ::getppid();
  if (::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0) {
    throw_errno("binding a step to the launcher's life");
  }
  if (::getppid() != launcher) ::_exit(1);
  sigset_t watched;
  ::sigemptyset(&watched);
  ::sigaddset(&watched, SIGCHLD);
  ::sigaddset(&watched, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  FileDescriptor signals(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) throw_errno("watching for signals");
  return signals;
}

class Supervisor {
 public:
  Supervisor(StepDescriptors& step, const SyscallFilter& filter)
      : step_(step), filter_(filter), signals_(watch_signals()), spec_(read_spec(step.spec.get())) {
    // Whatever a builder's processes leave behind becomes ours.
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) throw_errno("becoming a reaper");
  }

  StepReport run() {
    start();
    while (!main_ended_ && !wait_for_something()) {
    }
    end_everything();
    collect_report();
    if (report_) return *report_;
    return StepReport::of_end(exit_status_of(main_status_));
  }

 private:
  void start() {
    auto [ours, theirs] = make_packet_pair();
    reports_ = std::move(ours);
    const BuilderProcess process{spec_, step_.output.get(), theirs.get(), filter_};
    if (spec_.sandbox) {
      check_sandbox_ids(*spec_.sandbox);
      plan_.emplace(plan_sandbox(*spec_.sandbox));
      mount_points_.emplace(*spec_.sandbox, *plan_);
      main_ = start_sandbox(process, *plan_, mount_points_->directory());
    } else {
      main_ = clone_process(0);
      if (main_ == 0) become_builder(process);
    }
    ::close(step_.output.get());
  }

  /// True when somebody wants the step to end.
  bool wait_for_something() {
    std::array<pollfd, 3> waited{pollfd{step_.client.get(), POLLIN, 0},
                                 pollfd{signals_.get(), POLLIN, 0},
                                 pollfd{step_.shows.get(), POLLIN, 0}};
    if (::poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR) {
      throw_errno("waiting for a builder");
    }
    bool stop = waited[0].revents != 0;
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
      if (info.ssi_signo == SIGTERM) stop = true;
    }
    if (!stop && waited[2].revents != 0) show_more();
    reap();
    return stop;
  }

  /// Answers one request for more objects.
  void show_more() {
    const Packet packet = receive_packet(step_.shows.get(), /*wait=*/false);
    if (packet.state == Packet::State::closed) step_.shows.reset();
    if (packet.state != Packet::State::received) return;
    StepReport report = StepReport::of_end({});
    try {
      receive_namespaces();
      grow_sandbox(*namespaces_, *plan_, decode_names(packet.data));
    } catch (const std::exception& error) {
      report = StepReport::of_error(error);
    }
    send_packet(step_.shows.get(), encode_report(report));
  }

  /// A sandbox that grows sends them before its builder starts.
  void receive_namespaces() {
    if (namespaces_) return;
    Packet packet = receive_packet(reports_.get(), /*wait=*/true);
    namespaces_ = SandboxNamespaces::of_packet(packet);
    if (namespaces_) return;
    if (packet.state == Packet::State::received) report_ = decode_report(packet.data);
    throw CancelledError("the sandbox has ended");
  }

  void reap() {
    int status = 0;
    for (pid_t ended = 0; !main_ended_ && (ended = ::waitpid(-1, &status, WNOHANG | __WALL)) > 0;) {
      if (ended != main_) continue;
      main_ended_ = true;
      main_status_ = status;
    }
  }

  void end_everything() {
    if (!main_ended_) {
      ::kill(main_, SIGKILL);
      while (::waitpid(main_, &main_status_, __WALL) < 0 && errno == EINTR) {
      }
      main_ended_ = true;
    }
    if (spec_.sandbox) {
      collect_report();
      namespaces_.reset();
      mount_points_->release();
      return;
    }
    // A builder's processes cannot leave a reaper: without children there is nobody to look for.
    if (!has_children()) return;
    if (spec_.identity) kill_processes_of(spec_.identity->first);
    kill_descendants();
  }

  /// The first one counts: a failed preparation is followed by the end that it caused.
  void collect_report() {
    while (!report_) {
      Packet packet = receive_packet(reports_.get(), /*wait=*/false);
      if (packet.state != Packet::State::received) return;
      if (!SandboxNamespaces::of_packet(packet)) report_ = decode_report(packet.data);
    }
  }

  StepDescriptors& step_;
  const SyscallFilter& filter_;
  FileDescriptor signals_;
  LaunchSpec spec_;
  FileDescriptor reports_;
  std::optional<SandboxPlan> plan_;
  std::optional<MountPoints> mount_points_;
  std::optional<SandboxNamespaces> namespaces_;  ///< of a sandbox that grows, once they are needed
  pid_t main_ = -1;  ///< the builder, or the first process of its sandbox
  bool main_ended_ = false;
  int main_status_ = 0;
  std::optional<StepReport> report_;
};

}  // namespace

void supervise_step(StepDescriptors& descriptors, const SyscallFilter& filter) noexcept {
  StepReport report;
  int code = 0;
  try {
    report = Supervisor(descriptors, filter).run();
  } catch (const std::exception& error) {
    report = StepReport::of_error(error);
    code = 1;  // tells the launcher to look for what is left
  }
  // Before the report: whoever hears of the end finds them free.
  descriptors.locks.clear();
  try {
    send_packet(descriptors.client.get(), encode_report(report));
  } catch (const std::exception&) {  // grange sees that the socket closes
  }
  ::_exit(code);
}

}  // namespace grange
