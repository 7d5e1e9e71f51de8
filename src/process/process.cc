#include "process/process.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

namespace grange {
namespace {

/// posix_spawn's two descriptions of the child, freed together.
class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawn_file_actions_init(&actions_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  posix_spawnattr_t* attributes() { return &attributes_; }
  posix_spawn_file_actions_t* actions() { return &actions_; }

 private:
  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t actions_;
};

void check_spawn(int code, std::string_view doing) {
  if (code != 0) throw SystemError(code, doing);
}

std::vector<char*> as_pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// The child begins with default signals whatever this process ignores or blocks.
void set_attributes(SpawnPlan& plan, const SpawnOptions& options) {
  sigset_t all;
  sigset_t none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  if (options.new_process_group) flags |= POSIX_SPAWN_SETPGROUP;
  check_spawn(::posix_spawnattr_setflags(plan.attributes(), static_cast<short>(flags)),
              "setting spawn flags");
  check_spawn(::posix_spawnattr_setsigdefault(plan.attributes(), &all), "setting default signals");
  check_spawn(::posix_spawnattr_setsigmask(plan.attributes(), &none), "setting the signal mask");
  check_spawn(::posix_spawnattr_setpgroup(plan.attributes(), 0), "setting the process group");
}

/// Which of our descriptors the child has under which number. Duplicated above every number that
/// the child uses, so that no assignment overwrites the source of a later one.
class DescriptorMap {
 public:
  explicit DescriptorMap(const SpawnOptions& options) {
    for (const auto& [ours, theirs] : options.descriptors) highest_ = std::max(highest_, theirs);
    add(options.standard_input, STDIN_FILENO);
    add(options.standard_output, STDOUT_FILENO);
    add(options.standard_error >= 0 ? options.standard_error : STDERR_FILENO, STDERR_FILENO);
    for (const auto& [ours, theirs] : options.descriptors) add(ours, theirs);
  }

  void apply(SpawnPlan& plan) const {
    for (const auto& [held, theirs] : held_) {
      check_spawn(::posix_spawn_file_actions_adddup2(plan.actions(), held.get(), theirs),
                  "handing over a descriptor");
    }
    // Nothing else goes over, even what a library opened without close-on-exec.
    for (int other = STDERR_FILENO + 1; other < highest_; ++other) {
      const auto is_other = [&](const auto& entry) { return entry.second == other; };
      if (std::any_of(held_.begin(), held_.end(), is_other)) continue;
      check_spawn(::posix_spawn_file_actions_addclose(plan.actions(), other),
                  "closing other descriptors");
    }
    check_spawn(::posix_spawn_file_actions_addclosefrom_np(plan.actions(), highest_ + 1),
                "closing other descriptors");
  }

 private:
  void add(int ours, int theirs) {
    FileDescriptor null;
    if (ours < 0) {
      null = open_file("/dev/null", O_RDWR);
      ours = null.get();
    }
    FileDescriptor held(::fcntl(ours, F_DUPFD_CLOEXEC, highest_ + 1));
    if (!held && theirs == STDERR_FILENO && errno == EBADF) return;  // ours is closed: so is theirs
    if (!held) throw_errno("handing over a descriptor");
    held_.emplace_back(std::move(held), theirs);
  }

  int highest_ = STDERR_FILENO;
  std::vector<std::pair<FileDescriptor, int>> held_;
};

[[noreturn]] void throw_spawn_error(int code, const SpawnOptions& options) {
  const auto& program = options.arguments.front();
  const auto& directory = options.working_directory;
  struct stat status {};
  if (!directory.empty() && ::stat(directory.c_str(), &status) != 0) {
    throw SystemError(errno, "entering '" + directory.string() + "' to start '" + program + "'");
  }
  // A directory of PATH that may not be searched makes a missing program look forbidden.
  const bool searched = program.find('/') == std::string::npos;
  if (searched && (code == ENOENT || code == EACCES)) {
    throw NotFoundError("there is no program '" + program + "' in PATH");
  }
  if (code == ENOENT) throw NotFoundError("there is no program '" + program + "'");
  throw SystemError(code, "starting '" + program + "'");
}

/// Rounded up, so that the deadline has passed when poll says so.
int poll_timeout(MonotonicTime deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

}  // namespace

ChildProcess ChildProcess::spawn(const SpawnOptions& options) {
  if (options.arguments.empty()) throw InvalidError("a program to start has no name");
  SpawnPlan plan;
  set_attributes(plan, options);
  const DescriptorMap descriptors(options);
  descriptors.apply(plan);
  if (!options.working_directory.empty()) {
    check_spawn(
        ::posix_spawn_file_actions_addchdir_np(plan.actions(), options.working_directory.c_str()),
        "setting the working directory");
  }
  const auto arguments = as_pointers(options.arguments);
  std::vector<char*> environment;
  if (options.environment) environment = as_pointers(*options.environment);
  pid_t pid = -1;
  const int code =
      ::posix_spawnp(&pid, arguments[0], plan.actions(), plan.attributes(), arguments.data(),
                     options.environment ? environment.data() : ::environ);
  if (code != 0) throw_spawn_error(code, options);
  ChildProcess child(pid, FileDescriptor(), options.new_process_group);
  child.pidfd_ = FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!child.pidfd_) throw_errno("watching the process of", options.arguments.front());
  return child;
}

ChildProcess::ChildProcess(pid_t pid, FileDescriptor pidfd, bool group)
    : pid_(pid), pidfd_(std::move(pidfd)), group_(group) {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      group_(other.group_),
      status_(other.status_) {}

ChildProcess::~ChildProcess() {
  if (pid_ < 0 || status_) return;
  kill(SIGKILL);
  int wait_status = 0;
  while (::waitpid(pid_, &wait_status, 0) < 0 && errno == EINTR) {
  }
}

std::optional<ExitStatus> ChildProcess::wait_until(MonotonicTime deadline) {
  while (!status_) {
    pollfd waited{pidfd_.get(), POLLIN, 0};
    const int ready = ::poll(&waited, 1, poll_timeout(deadline));
    if (ready < 0 && errno != EINTR) throw_errno("waiting for a process");
    if (ready > 0) return wait();
    if (ready == 0 && std::chrono::steady_clock::now() >= deadline) return std::nullopt;
  }
  return status_;
}

ExitStatus ChildProcess::wait() {
  if (!status_) {
    int wait_status = 0;
    while (::waitpid(pid_, &wait_status, 0) < 0) {
      if (errno != EINTR) throw_errno("waiting for a process");
    }
    status_ = exit_status_of(wait_status);
  }
  return *status_;
}

void ChildProcess::kill(int signal) noexcept {
  // Once it is reaped its number may be somebody else's.
  if (pid_ < 0 || status_) return;
  ::kill(group_ ? -pid_ : pid_, signal);
}

}  // namespace grange
