#include "process/sandbox_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "process/launch_message.h"
#include "process/namespaces.h"
#include "process/packet_socket.h"
#include "process/sandbox_growth.h"
#include "process/sandbox_root.h"

namespace grange {
namespace {

constexpr std::pair<uid_t, gid_t> kInsideIds(1000, 100);

void raise_loopback() {
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) throw_errno("opening a socket in the sandbox");
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    throw_errno("raising the sandbox's loopback interface");
  }
}

void set_host_names() {
  constexpr std::string_view kHostName = "localhost";
  constexpr std::string_view kDomainName = "(none)";
  if (::sethostname(kHostName.data(), kHostName.size()) != 0) throw_errno("setting the host name");
  if (::setdomainname(kDomainName.data(), kDomainName.size()) != 0) {
    throw_errno("setting the domain name");
  }
}

/// Of what the supervisor has open, grange's socket above all must end with the supervisor.
void close_all_but(int first, int second) {
  const auto [low, high] = std::minmax(first, second);
  const std::array<std::pair<int, int>, 3> ranges{
      {{STDERR_FILENO + 1, low - 1}, {low + 1, high - 1}, {high + 1, INT_MAX}}};
  for (const auto& [begin, end] : ranges) {
    if (begin <= end && ::syscall(SYS_close_range, begin, end, 0) != 0) {
      throw_errno("closing other descriptors");
    }
  }
}

/// The sandbox must not outlive whoever supervises it.
void bind_life_to_supervisor(int report) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
    throw_errno("binding the sandbox to the launcher's life");
  }
  pollfd supervisor{report, 0, 0};
  if (::poll(&supervisor, 1, 0) > 0) ::_exit(1);  // it died before that
}

/// A privileged launcher's builder has its ids in a user namespace of its own, and is nobody in the
/// one that owns the sandbox's mounts.
pid_t start_mapped_builder(const BuilderProcess& process) {
  auto [ours, theirs] = make_packet_pair();
  const pid_t builder = clone_process(CLONE_NEWUSER);
  if (builder == 0) {
    ours.reset();
    if (receive_packet(theirs.get(), /*wait=*/true).state != Packet::State::received) ::_exit(1);
    become_builder(process);
  }
  map_ids_of(builder, *process.spec.sandbox->outside, kInsideIds);
  send_packet(ours.get(), "mapped");
  return builder;
}

pid_t start_builder(const BuilderProcess& process) {
  if (process.spec.sandbox->outside) return start_mapped_builder(process);
  const pid_t builder = clone_process(0);
  if (builder == 0) become_builder(process);
  return builder;
}

/// Reaps what the builder leaves to it, until the builder has ended.
ExitStatus wait_for_builder(pid_t builder) {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, __WALL);
    if (ended < 0 && errno != EINTR) throw_errno("waiting for the builder");
    if (ended == builder) return exit_status_of(status);
  }
}

/// The first process of a sandbox.
struct FirstProcess {
  const BuilderProcess& builder;
  const SandboxPlan& plan;
  const std::string& store_directory;
  std::pair<uid_t, gid_t> own_ids;  ///< as the launcher sees them
};

[[noreturn]] void run_sandbox(const FirstProcess& first) noexcept {
  const BuilderProcess& process = first.builder;
  const SandboxSpec& spec = *process.spec.sandbox;
  StepReport report;
  try {
    close_all_but(process.output, process.report);
    bind_life_to_supervisor(process.report);
    if (spec.outside) {
      if (::setgroups(0, nullptr) != 0) throw_errno("leaving all groups");
    } else {
      map_own_ids(first.own_ids, kInsideIds);
    }
    set_host_names();
    if (spec.private_network) raise_loopback();
    enter_sandbox_root(first.plan, first.store_directory);
    if (spec.grows) send_namespaces(process.report, !spec.outside);
    // Nothing of this process is to be read in the sandbox's /proc.
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) throw_errno("hiding the launcher");
    const pid_t builder = start_builder(process);
    ::close(process.output);  // the builder's output ends when the builder's processes end
    drop_capabilities();
    report = StepReport::of_end(wait_for_builder(builder));
  } catch (const std::exception& error) {
    report = StepReport::of_error(error);
  }
  try {
    send_packet(process.report, encode_report(report));
  } catch (const std::exception&) {  // then the supervisor only sees that we are gone
  }
  ::_exit(0);
}

}  // namespace

void check_sandbox_ids(const SandboxSpec& spec) {
  const bool privileged = is_privileged();
  if (privileged && !spec.outside) {
    throw InvalidError(
        "a sandbox that root makes needs a uid and a gid for its builder: none is specified");
  }
  if (!privileged && spec.outside) {
    throw DeniedError("running a builder as uid " + std::to_string(spec.outside->first) +
                      " needs root with CAP_SYS_ADMIN (a container must be given it), or run "
                      "grange as an ordinary user");
  }
}

pid_t start_sandbox(const BuilderProcess& process, const SandboxPlan& plan,
                    const std::string& store_directory) {
  const SandboxSpec& spec = *process.spec.sandbox;
  unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  if (spec.private_network) flags |= CLONE_NEWNET;
  if (!spec.outside) flags |= CLONE_NEWUSER;
  const FirstProcess first{process, plan, store_directory, {::geteuid(), ::getegid()}};
  const pid_t pid = clone_process(flags);
  if (pid == 0) run_sandbox(first);
  return pid;
}

}  // namespace grange
