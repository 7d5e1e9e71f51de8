// The escape suite: every attempt (tests/system/escape_attempts.cc) fails in a sandbox, and comes
// through without one wherever this user may do such a thing at all, so that each can fail.

#include <csignal>
#include <filesystem>
#include <map>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/text.h"
#include "process/test_launcher.h"

namespace grange {
namespace {

namespace fs = std::filesystem;
using namespace test_launcher;

constexpr int kCameThrough = 0;
constexpr int kPrevented = 1;
constexpr int kCannotBeTried = 2;

std::string attempts_program() {
  return (fs::path(GRANGE_BINARY_DIR) / "grange-escape-attempts").string();
}

/// What is at every path below a directory: any change of content or metadata changes the time.
std::map<std::string, std::string> photograph(const fs::path& directory) {
  std::map<std::string, std::string> states;
  const auto options = fs::directory_options::skip_permission_denied;
  for (const auto& entry : fs::recursive_directory_iterator(directory, options)) {
    struct stat status {};
    if (::lstat(entry.path().c_str(), &status) != 0) continue;
    states[entry.path()] =
        std::to_string(status.st_ino) + " " + std::to_string(status.st_mode) + " " +
        std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + "." +
        std::to_string(status.st_mtim.tv_nsec) + " " + std::to_string(status.st_ctim.tv_sec) + "." +
        std::to_string(status.st_ctim.tv_nsec);
  }
  return states;
}

class EscapeTest : public testing::Test {
 protected:
  EscapeTest() {
    write_file(secret_, "secret");
    fs::create_directories(area_.path() / "open");
    // Whatever the permissions forbid would not show what the sandbox does.
    fs::permissions(area_.path(), fs::perms::all);
    fs::permissions(area_.path() / "open", fs::perms::all);
    fs::permissions(area_.store() / "dir", fs::perms::all);
    fs::permissions(area_.store() / "dir/inner", fs::perms::all);
    fs::permissions(secret_, fs::perms::all);
  }

  bool is_root() const { return ::geteuid() == 0; }

  int attempt_inside(const std::vector<std::string>& attempt, bool private_network = true) {
    auto spec = area_.sandboxed("");
    spec.sandbox->private_network = private_network;
    spec.sandbox->paths.push_back(SandboxPath::parse("/attempts=" + attempts_program()));
    spec.program = "/attempts";
    return run_attempt(std::move(spec), attempt);
  }
  int attempt_outside(const std::vector<std::string>& attempt) {
    auto spec = busybox_script("");
    spec.program = attempts_program();
    spec.working_directory = (area_.path() / "open").string();
    return run_attempt(std::move(spec), attempt);
  }
  /// Where it may not be possible even outside (an old kernel, an ordinary user), `outside_too` is
  /// false.
  void expect_prevented(const std::vector<std::string>& attempt, bool outside_too = true) {
    SCOPED_TRACE(attempt.front());
    const int inside = attempt_inside(attempt);
    if (inside != kCannotBeTried) {
      EXPECT_EQ(inside, kPrevented) << output_;
    }
    const int outside = attempt_outside(attempt);
    if (outside_too && outside != kCannotBeTried) {
      EXPECT_EQ(outside, kCameThrough) << output_;
    }
  }

  /// A process of the host that runs as the builder would, so that only the sandbox is between
  /// them.
  std::unique_ptr<LaunchedProcess> start_victim() {
    auto spec = busybox_script("trap 'exit 42' USR1; echo $$; while true; do sleep 0.05; done");
    spec.environment.push_back("GRANGE_SECRET=1");
    spec.identity = builder_ids();
    auto victim = launcher_->launch(spec);
    char byte = 0;
    victim_pid_.clear();
    while (::read(victim->output_descriptor(), &byte, 1) == 1 && byte != '\n') victim_pid_ += byte;
    return victim;
  }

  SandboxArea area_;
  fs::path secret_ = area_.path() / "open-secret";
  std::unique_ptr<Launcher> launcher_ = Launcher::start(launcher_config());
  std::string victim_pid_;
  std::string output_;

 private:
  int run_attempt(LaunchSpec spec, const std::vector<std::string>& attempt) {
    spec.arguments = {"attempts"};
    spec.arguments.insert(spec.arguments.end(), attempt.begin(), attempt.end());
    const auto result = run_step(*launcher_, spec);
    output_ = result.output;
    return result.status.signal == 0 ? result.status.code : 128 + result.status.signal;
  }
};

TEST_F(EscapeTest, HostFiles) {
  expect_prevented({"read-file", secret_});
  expect_prevented({"write-file", secret_});
  expect_prevented({"write-file", area_.path() / "open/new"});
  EXPECT_EQ(attempt_inside({"read-file", "/etc/shadow"}), kPrevented);
  EXPECT_EQ(attempt_inside({"read-file", "/.grange-host/etc/hostname"}), kPrevented);
  EXPECT_EQ(attempt_inside({"read-file", "/proc/self/cwd/../../../../../../.." + secret_.string()}),
            kPrevented);
}

TEST_F(EscapeTest, HostDevicesAndSettings) {
  for (const char* device : {"/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/kvm",
                             "/dev/fuse", "/dev/loop-control"}) {
    expect_prevented({"open-for-writing", device}, false);
  }
  for (const char* setting :
       {"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/kernel/modprobe"}) {
    expect_prevented({"open-for-writing", setting}, is_root() && fs::exists(setting));
  }
  expect_prevented({"make-device"}, is_root());
}

TEST_F(EscapeTest, HostProcesses) {
  const auto victim = start_victim();
  expect_prevented({"see-process", victim_pid_});
  expect_prevented({"look-into-process", victim_pid_, secret_});
  // Inside, the first process is the sandbox's own and tells nothing either.
  EXPECT_EQ(attempt_inside({"look-into-process", "1", secret_}), kPrevented) << output_;
  EXPECT_EQ(attempt_inside({"trace-process", "1"}), kPrevented) << output_;
  const auto yama = try_read_file("/proc/sys/kernel/yama/ptrace_scope");
  expect_prevented({"trace-process", victim_pid_}, is_root() || !yama || trim(*yama) == "0");
  EXPECT_EQ(attempt_inside({"signal-process", victim_pid_}), kPrevented) << output_;
  EXPECT_EQ(victim->try_wait(), std::nullopt);
  EXPECT_EQ(attempt_outside({"signal-process", victim_pid_}), kCameThrough) << output_;
  EXPECT_EQ(finish_step(*victim).status.code, 42);
}

TEST_F(EscapeTest, HostNetwork) {
  const FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener.get(), generic, size), 0);
  ASSERT_EQ(::listen(listener.get(), 10), 0);
  ASSERT_EQ(::getsockname(listener.get(), generic, &size), 0);
  const auto port = std::to_string(ntohs(address.sin_port));
  expect_prevented({"connect-tcp", port});
  // A fixed-output derivation may.
  EXPECT_EQ(attempt_inside({"connect-tcp", port}, /*private_network=*/false), kCameThrough);
}

TEST_F(EscapeTest, AbstractSockets) {
  const std::string name = "grange-escape-" + std::to_string(::getpid());
  const FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener.get(), 10), 0);
  expect_prevented({"connect-abstract", name});
  constexpr unsigned long kVersion = 1;
  constexpr long kScopesSince = 6;
  if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersion) < kScopesSince) {
    GTEST_SKIP() << "this kernel cannot keep a builder with the host's network from its sockets";
  }
  EXPECT_EQ(attempt_inside({"connect-abstract", name}, /*private_network=*/false), kPrevented);
}

TEST_F(EscapeTest, SetuidFiles) {
  for (const char* attempt : {"chmod-setuid", "chmod-setgid", "fchmod-setuid", "fchmodat-setuid",
                              "fchmodat2-setuid", "create-setuid", "openat2-setuid"}) {
    expect_prevented({attempt});
  }
  expect_prevented({"chmod-setuid-32bit"}, false);  // not every kernel runs 32-bit programs
}

TEST_F(EscapeTest, ForbiddenSystemCalls) {
  expect_prevented({"set-xattr"}, false);  // not every file system has them
  expect_prevented({"use-keys"}, false);
  expect_prevented({"use-io-uring"}, false);
  expect_prevented({"gain-capability"}, is_root());
  EXPECT_EQ(attempt_inside({"push-input"}), kPrevented) << output_;
}

TEST_F(EscapeTest, Mounts) {
  expect_prevented({"mount"}, is_root());
  EXPECT_EQ(attempt_inside({"remount-input", "/nix/store/dir"}), kPrevented) << output_;
  EXPECT_EQ(attempt_inside({"remount-input", "/nix/store"}), kPrevented) << output_;
  EXPECT_EQ(attempt_inside({"remount-input", "/"}), kPrevented) << output_;
}

TEST_F(EscapeTest, Inputs) {
  EXPECT_EQ(attempt_inside({"write-file", "/nix/store/dir/new"}), kPrevented);
  EXPECT_EQ(attempt_inside({"write-file", "/nix/store/dir/inner"}), kPrevented);
  EXPECT_EQ(attempt_inside({"write-file", "/nix/store/link"}), kPrevented);
  EXPECT_EQ(attempt_inside({"write-file", "/bin/busybox"}), kPrevented);
  EXPECT_EQ(read_file(area_.store() / "dir/inner"), "inner\n");
  EXPECT_EQ(attempt_outside({"write-file", area_.store() / "dir/inner"}), kCameThrough);
}

TEST_F(EscapeTest, SharedMemory) {
  const auto key = static_cast<key_t>(0x47000000 + ::getpid());
  const int segment = ::shmget(key, 4096, IPC_CREAT | 0666);
  ASSERT_GE(segment, 0);
  expect_prevented({"attach-shared-memory", std::to_string(key)});
  ::shmctl(segment, IPC_RMID, nullptr);
}

TEST_F(EscapeTest, LeakedDescriptors) {
  // As a library opens one: without close-on-exec, before the launcher starts.
  const FileDescriptor leaked(::open(area_.path().c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_TRUE(leaked);
  launcher_ = Launcher::start(launcher_config());
  EXPECT_EQ(attempt_inside({"leaked-descriptors"}), kPrevented) << output_;
  EXPECT_EQ(attempt_outside({"leaked-descriptors"}), kPrevented) << output_;
  // Started by other means it has the descriptor, so that the attempt can come through.
  const auto program = attempts_program();
  char* arguments[] = {const_cast<char*>(program.c_str()), const_cast<char*>("leaked-descriptors"),
                       nullptr};
  pid_t pid = -1;
  ASSERT_EQ(::posix_spawn(&pid, program.c_str(), nullptr, nullptr, arguments, nullptr), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WEXITSTATUS(status), kCameThrough);
}

TEST_F(EscapeTest, SymlinkedOutputs) {
  const std::string open = (area_.path() / "open").string();
  write_file(area_.path() / "open/file", "host's\n");
  const auto before = photograph(area_.path() / "open");
  // Outputs that point at the host, and one in whose place there is nothing to write through.
  const auto spec = area_.sandboxed("ln -s " + open + " /nix/store/out; ln -s " + open +
                                    "/file /nix/store/doc; echo x > /nix/store/out/made; "
                                    "echo x > /nix/store/doc; chmod 777 /nix/store/out; true");
  EXPECT_TRUE(run_step(*launcher_, spec).status.success());
  EXPECT_TRUE(fs::is_symlink(spec.sandbox->root / "nix/store/out"));
  EXPECT_TRUE(fs::is_symlink(spec.sandbox->root / "nix/store/doc"));
  EXPECT_EQ(photograph(area_.path() / "open"), before);
  auto outside = busybox_script("ln -s " + open + " link; echo x > link/made");
  outside.working_directory = (area_.path() / "build").string();
  EXPECT_TRUE(run_step(*launcher_, outside).status.success());
  EXPECT_NE(photograph(area_.path() / "open"), before);
}

TEST_F(EscapeTest, NothingOnTheHostChanges) {
  const auto bin = photograph("/bin/");
  const auto etc = photograph("/etc");
  for (const auto& attempt : std::vector<std::vector<std::string>>{
           {"write-file", "/bin/sh"}, {"write-file", "/etc/passwd"}, {"mount"}}) {
    EXPECT_EQ(attempt_inside(attempt), kPrevented);
  }
  for (const auto& paths : std::vector<std::vector<std::string>>{
           {"/bin", "/bin/sh=/bin/busybox"},
           {"/bin/sh=/bin/busybox", "/bin"},
           {"/bin/sh", "/bin"},
           {"/etc", "/etc/passwd=/bin/busybox", "/etc/grange-new=/bin/busybox"}}) {
    auto spec = area_.sandboxed("echo x > /bin/sh; echo x > /etc/passwd; rm -rf /bin /etc; true");
    spec.program = "/box";
    spec.sandbox->paths = {SandboxPath::parse("/box=/bin/busybox")};
    for (const auto& path : paths) spec.sandbox->paths.push_back(SandboxPath::parse(path));
    EXPECT_TRUE(run_step(*launcher_, spec).status.success());
  }
  EXPECT_EQ(photograph("/bin/"), bin);
  EXPECT_EQ(photograph("/etc"), etc);
}

}  // namespace
}  // namespace grange
