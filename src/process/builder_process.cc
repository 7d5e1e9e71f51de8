#include "process/builder_process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "process/launch_message.h"
#include "process/packet_socket.h"

namespace grange {
namespace {

constexpr int kReportDescriptor = STDERR_FILENO + 1;
constexpr uid_t kInsideUid = 1000;
constexpr gid_t kInsideGid = 100;

void become_user(uid_t uid, gid_t gid) {
  if (::setresgid(gid, gid, gid) != 0) throw_errno("taking gid", std::to_string(gid));
  if (::setresuid(uid, uid, uid) != 0) throw_errno("taking uid", std::to_string(uid));
}

void move_descriptor(int from, int to, int flags) {
  if (from == to) {
    if (::fcntl(to, F_SETFD, flags == O_CLOEXEC ? FD_CLOEXEC : 0) != 0)
      throw_errno("keeping a descriptor");
  } else if (::dup3(from, to, flags) < 0) {
    throw_errno("moving a descriptor");
  }
}

/// Leaves /dev/null, the output twice, and the report that executing a program closes.
void arrange_descriptors(int output, int report) {
  // Out of the way of the numbers that are about to be taken.
  const int high_output = ::fcntl(output, F_DUPFD_CLOEXEC, kReportDescriptor + 1);
  const int high_report = ::fcntl(report, F_DUPFD_CLOEXEC, kReportDescriptor + 1);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (high_output < 0 || high_report < 0) throw_errno("moving a descriptor");
  if (null < 0) throw_errno("opening '/dev/null'");
  move_descriptor(null, STDIN_FILENO, 0);
  move_descriptor(high_output, STDOUT_FILENO, 0);
  move_descriptor(high_output, STDERR_FILENO, 0);
  move_descriptor(high_report, kReportDescriptor, O_CLOEXEC);
  if (::syscall(SYS_close_range, kReportDescriptor + 1, ~0U, 0) != 0) {
    throw_errno("closing other descriptors");
  }
}

/// What every build is made with, sandboxed or not, so that it comes out alike.
void set_reproducible_surroundings(bool personality_32bit) {
  ::umask(022);
  rlimit core{};
  if (::getrlimit(RLIMIT_CORE, &core) != 0) throw_errno("reading the limit of core files");
  core.rlim_cur = 0;
  if (::setrlimit(RLIMIT_CORE, &core) != 0) throw_errno("limiting core files");
  const auto base = static_cast<unsigned long>(personality_32bit ? PER_LINUX32 : PER_LINUX);
  if (::personality(base | ADDR_NO_RANDOMIZE) < 0) throw_errno("setting the personality");
}

/// A builder on the host's network is kept from the host's abstract sockets, which belong to it.
/// Kernels before 6.12 cannot.
void isolate_abstract_sockets() {
  struct RulesetAttributes {
    std::uint64_t handled_access_fs;
    std::uint64_t handled_access_net;
    std::uint64_t scoped;
  };
  constexpr std::uint64_t kScopeAbstractUnixSocket = 1;
  constexpr std::uint64_t kScopeSignal = 2;
  const RulesetAttributes attributes{0, 0, kScopeAbstractUnixSocket | kScopeSignal};
  const auto ruleset =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0));
  if (ruleset < 0) return;
  if (::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
    throw_errno("keeping a builder from the host's abstract sockets");
  }
  ::close(ruleset);
}

std::vector<char*> as_pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// `report` is where it is at the moment of a failure.
void prepare(const BuilderProcess& process, int& report) {
  const LaunchSpec& spec = process.spec;
  if (::setsid() < 0) throw_errno("making a session");
  if (spec.sandbox && spec.sandbox->outside) become_user(kInsideUid, kInsideGid);
  if (!spec.sandbox && spec.identity) {
    if (::setgroups(0, nullptr) != 0) throw_errno("leaving all groups");
    become_user(spec.identity->first, spec.identity->second);
  }
  if (!spec.sandbox && ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
    throw_errno("binding a builder to the launcher's life");
  }
  arrange_descriptors(process.output, process.report);
  report = kReportDescriptor;
  if (::chdir(spec.working_directory.c_str()) != 0) {
    throw_errno("entering the working directory", spec.working_directory);
  }
  set_reproducible_surroundings(spec.personality_32bit);
  if (spec.sandbox) {
    drop_capabilities();
    if (!spec.sandbox->private_network) isolate_abstract_sockets();
    process.filter.install();
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void report_failure(int report, const std::exception& error) noexcept {
  try {
    send_packet(report, encode_report(StepReport::of_error(error)));
  } catch (const std::exception&) {  // nobody is left to hear it
  }
}

}  // namespace

void drop_capabilities() {
  for (unsigned long capability = 0;; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    if (errno == EINVAL) break;  // the kernel has no more
    throw_errno("dropping a capability for good");
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, 2> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) throw_errno("dropping capabilities");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw_errno("forbidding new privileges");
}

void become_builder(const BuilderProcess& process) noexcept {
  int report = process.report;
  try {
    prepare(process, report);
    const LaunchSpec& spec = process.spec;
    const auto arguments = as_pointers_to(spec.arguments);
    const auto environment = as_pointers_to(spec.environment);
    ::execve(spec.program.c_str(), arguments.data(), environment.data());
    const int code = errno;
    std::string message = "executing '" + spec.program +
                          "': " + std::generic_category().message(code) +
                          (code == ENOENT ? " (the program itself or its interpreter)\n" : "\n");
    if (::write(STDERR_FILENO, message.data(), message.size()) < 0) ::_exit(1);
  } catch (const std::exception& error) {
    report_failure(report, error);
  }
  ::_exit(1);
}

}  // namespace grange
