// grange-launcher: started once by grange, forks a supervisor per step (supervisor.h). One thread,
// few pages, few libraries: forking it is cheap. With arguments it becomes a confined tool instead
// (confinement.h).

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "process/confinement.h"
#include "process/descendants.h"
#include "process/launch_message.h"
#include "process/namespaces.h"
#include "process/packet_socket.h"
#include "process/relocated_store.h"
#include "process/supervisor.h"

namespace grange {
namespace {

constexpr int kControlDescriptor = 3;

class LauncherProgram {
 public:
  explicit LauncherProgram(int control) : control_(control), filter_(SyscallFilter::compile()) {
    // What the terminal and the service manager tell everybody is grange's to decide on.
    sigset_t blocked;
    ::sigemptyset(&blocked);
    for (const int signal : {SIGINT, SIGQUIT, SIGHUP, SIGPIPE, SIGCHLD}) {
      ::sigaddset(&blocked, signal);
    }
    ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
    sigset_t watched;
    ::sigemptyset(&watched);
    ::sigaddset(&watched, SIGCHLD);
    signals_ = FileDescriptor(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) throw_errno("watching for signals");
    // A killed supervisor's children come to us.
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) throw_errno("becoming a reaper");
  }

  /// Until grange closes its end or dies.
  void run() {
    for (;;) {
      std::array<pollfd, 2> waited{pollfd{control_.get(), POLLIN, 0},
                                   pollfd{signals_.get(), POLLIN, 0}};
      if (::poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR) {
        throw_errno("waiting for requests");
      }
      if (waited[1].revents != 0) reap();
      if (waited[0].revents != 0 && !serve_request()) break;
    }
    end_all_steps();
  }

 private:
  bool serve_request() {
    Packet packet = receive_packet(control_.get(), /*wait=*/false);
    if (packet.state == Packet::State::closed) return false;
    if (packet.state == Packet::State::nothing) return true;
    auto& received = packet.descriptors;
    const bool grows = packet.data == kGrowingRequest;
    const std::ptrdiff_t own = grows ? 4 : 3;
    if ((!grows && packet.data != kLaunchRequest) || std::ssize(received) < own) {
      throw CorruptError("a request to the launcher is malformed");
    }
    StepDescriptors step{
        std::move(received[0]),
        std::move(received[1]),
        std::move(received[2]),
        grows ? std::move(received[3]) : FileDescriptor(),
        {std::make_move_iterator(received.begin() + own), std::make_move_iterator(received.end())}};
    try {
      const pid_t supervisor = clone_process(0);
      if (supervisor == 0) {
        control_.reset();
        signals_.reset();
        supervise_step(step, filter_);
      }
      supervisors_.push_back(supervisor);
    } catch (const Error& error) {
      send_packet(step.client.get(), encode_report(StepReport::of_error(error)));
    }
    return true;
  }

  void reap() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
    }
    int status = 0;
    bool orphans = false;
    for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG | __WALL)) > 0;) {
      const auto known = std::find(supervisors_.begin(), supervisors_.end(), ended);
      orphans = orphans || known == supervisors_.end() || status != 0;
      if (known != supervisors_.end()) supervisors_.erase(known);
    }
    if (orphans) kill_descendants(supervisors_);
  }

  void end_all_steps() {
    for (const pid_t supervisor : supervisors_) ::kill(supervisor, SIGTERM);
    for (const pid_t supervisor : supervisors_) {
      while (::waitpid(supervisor, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    kill_descendants();
  }

  FileDescriptor control_;
  FileDescriptor signals_;
  SyscallFilter filter_;
  std::vector<pid_t> supervisors_;
};

int run_launcher() {
  ::setsid();  // fails only where we lead a session already
  const Packet first = receive_packet(kControlDescriptor, /*wait=*/true);
  if (first.state != Packet::State::received) return 1;
  std::optional<LauncherProgram> program;
  try {
    const auto [store_dir, physical_store] = decode_relocation(first.data);
    if (!store_dir.empty()) enter_relocated_store(store_dir, physical_store);
    program.emplace(kControlDescriptor);
  } catch (const std::exception& error) {
    send_packet(kControlDescriptor, encode_report(StepReport::of_error(error)));
    return 1;
  }
  if (!send_packet(kControlDescriptor, kLauncherGreeting)) return 1;
  program->run();
  return 0;
}

}  // namespace
}  // namespace grange

int main(int argc, char** argv) {
  if (argc > 1) return grange::run_confined(argc, argv);
  try {
    return grange::run_launcher();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "grange-launcher: %s\n", error.what());
    return 1;
  }
}
