#include "process/launcher.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "process/descendants.h"
#include "process/test_launcher.h"

namespace grange {
namespace {

namespace fs = std::filesystem;
using namespace test_launcher;

/// Neither gone nor a zombie that only waits to be reaped.
bool is_running(pid_t pid) {
  const auto status = try_read_file("/proc/" + std::to_string(pid) + "/stat");
  return status && status->find(") Z ") == std::string::npos;
}

/// The launcher that this process has started.
pid_t launcher_pid() {
  for (const pid_t child : list_children()) {
    if (trim(read_file("/proc/" + std::to_string(child) + "/comm")) == "grange-launcher") {
      return child;
    }
  }
  return -1;
}

std::string read_output_line(int fd) {
  std::string line;
  char byte = 0;
  while (::read(fd, &byte, 1) == 1 && byte != '\n') line += byte;
  return line;
}

class LauncherTest : public testing::Test {
 protected:
  StepResult run(const std::string& script) { return run_step(*launcher_, busybox_script(script)); }

  std::unique_ptr<Launcher> launcher_ = Launcher::start(launcher_config());
};

TEST_F(LauncherTest, ReportsOutputAndExit) {
  const auto result = run("echo one; echo two >&2; exit 7");
  EXPECT_EQ(result.output, "one\ntwo\n");  // raw: no carriage returns
  EXPECT_EQ(result.status.to_string(), "exit code 7");
  EXPECT_EQ(run("kill -SEGV $$").status.signal, SIGSEGV);
}

TEST_F(LauncherTest, OutputMayBeAPipe) {
  auto config = launcher_config();
  config.pty = false;
  const auto launcher = Launcher::start(config);
  const auto result = run_step(*launcher, busybox_script("test -p /dev/stdout && echo pipe"));
  EXPECT_EQ(result.output, "pipe\n");
}

TEST_F(LauncherTest, GivesExactlyTheSurroundingsSpecified) {
  auto spec = busybox_script(
      "env; pwd; umask; ulimit -c; readlink /proc/self/fd/0; test -t 1 && echo terminal; "
      "cat /proc/self/personality; ls /proc/self/fd | tr '\\n' ' '");
  spec.environment = {"B=2", "A=1"};
  spec.working_directory = "/usr";
  const auto result = run_step(*launcher_, spec);
  // busybox sets some variables itself; 3 is the directory that ls reads.
  EXPECT_NE(result.output.find("A=1\n"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("B=2\n"), std::string::npos);
  EXPECT_EQ(result.output.find("HOME="), std::string::npos);
  EXPECT_NE(result.output.find("/usr\n0022\n0\n/dev/null\nterminal\n00040000\n0 1 2 3 "),
            std::string::npos)
      << result.output;
}

TEST_F(LauncherTest, ThirtyTwoBitPersonality) {
  auto spec = busybox_script("uname -m; cat /proc/self/personality");
  spec.personality_32bit = true;
  const auto result = run_step(*launcher_, spec);
  EXPECT_NE(result.output.find("00040008"), std::string::npos) << result.output;
#if defined(__x86_64__)
  EXPECT_TRUE(result.output.starts_with("i686\n")) << result.output;
#endif
}

TEST_F(LauncherTest, AProgramThatCannotBeExecutedFailsWithAWord) {
  auto spec = busybox_script("");
  spec.program = "/no/such/builder";
  const auto result = run_step(*launcher_, spec);
  EXPECT_EQ(result.status.code, 1);
  EXPECT_NE(result.output.find("/no/such/builder"), std::string::npos) << result.output;
}

TEST_F(LauncherTest, AMissingWorkingDirectoryIsAnError) {
  auto spec = busybox_script("");
  spec.working_directory = "/no/such/directory";
  const auto process = launcher_->launch(spec);
  EXPECT_TRUE(eventually([&] {
    try {
      return process->try_wait().has_value();
    } catch (const SystemError& error) {
      return error.code() == ENOENT &&
             error.message().find("/no/such/directory") != std::string::npos;
    }
  }));
}

TEST_F(LauncherTest, StepsRunSideBySide) {
  std::vector<std::unique_ptr<LaunchedProcess>> processes;
  for (int i = 0; i < 20; ++i) {
    processes.push_back(launcher_->launch(busybox_script("sleep 0.1; exit " + std::to_string(i))));
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(finish_step(*processes[static_cast<std::size_t>(i)]).status.code, i);
  }
}

TEST_F(LauncherTest, TryWaitDoesNotWait) {
  const auto process = launcher_->launch(busybox_script("sleep 30"));
  EXPECT_EQ(process->try_wait(), std::nullopt);
  process->kill();
  ASSERT_TRUE(process->try_wait().has_value());
  EXPECT_EQ(process->try_wait()->signal, SIGKILL);
  process->kill();  // again, for nothing
}

TEST_F(LauncherTest, WhatABuilderLeavesBehindEndsWithIt) {
  // In the background, in a session of its own, and forked twice away from everything.
  const auto result =
      run("sleep 1000 & echo $!; setsid sleep 1000 & echo $!; "
          "(setsid sh -c 'sleep 1000 & echo $!' &); sleep 0.2");
  ASSERT_TRUE(result.status.success());
  const auto pids = split_words(result.output);
  ASSERT_EQ(pids.size(), 3U) << result.output;
  for (const auto pid : pids) {
    EXPECT_FALSE(is_running(static_cast<pid_t>(*parse_number(pid)))) << result.output;
  }
}

TEST_F(LauncherTest, KillTakesDescendantsOfAnyKind) {
  const auto process = launcher_->launch(
      busybox_script("setsid sh -c 'trap \"\" TERM; sleep 1000 & echo $!; wait' & wait"));
  const auto pid = static_cast<pid_t>(std::stoi(read_output_line(process->output_descriptor())));
  EXPECT_TRUE(is_running(pid));
  process->kill();
  EXPECT_FALSE(is_running(pid));
}

TEST_F(LauncherTest, StepsEndWithTheLauncherObject) {
  const auto process = launcher_->launch(busybox_script("echo $$; sleep 1000"));
  const auto pid = static_cast<pid_t>(std::stoi(read_output_line(process->output_descriptor())));
  launcher_.reset();
  EXPECT_FALSE(is_running(pid));
  ASSERT_TRUE(process->try_wait().has_value());
  EXPECT_EQ(process->try_wait()->signal, SIGKILL);
}

TEST_F(LauncherTest, StepsEndWhenTheLauncherIsKilled) {
  const auto process =
      launcher_->launch(busybox_script("setsid sleep 1000 & echo $!; echo $$; wait"));
  const auto background =
      static_cast<pid_t>(std::stoi(read_output_line(process->output_descriptor())));
  const auto pid = static_cast<pid_t>(std::stoi(read_output_line(process->output_descriptor())));
  ::kill(launcher_pid(), SIGKILL);
  EXPECT_TRUE(eventually([&] { return !is_running(pid) && !is_running(background); }));
  EXPECT_TRUE(eventually([&] { return process->try_wait().has_value(); }));
  EXPECT_THROW(launcher_->launch(busybox_script("true")), UnavailableError);
}

TEST_F(LauncherTest, AKilledSupervisorTakesItsStepAlongAndNoOther) {
  const auto other = launcher_->launch(busybox_script("sleep 0.4; exit 5"));
  const auto process =
      launcher_->launch(busybox_script("setsid sleep 1000 & echo $!; echo $$ $PPID; wait"));
  const auto background =
      static_cast<pid_t>(std::stoi(read_output_line(process->output_descriptor())));
  const auto line = read_output_line(process->output_descriptor());
  const auto words = split_words(line);
  ::kill(static_cast<pid_t>(*parse_number(words.at(1))), SIGKILL);
  EXPECT_TRUE(eventually([&] {
    return !is_running(static_cast<pid_t>(*parse_number(words[0]))) && !is_running(background);
  }));
  EXPECT_THROW(eventually([&] { return process->try_wait().has_value(); }), UnavailableError);
  EXPECT_EQ(finish_step(*other).status.code, 5);
}

TEST_F(LauncherTest, ASandboxEndsWithItsSupervisor) {
  SandboxArea area;
  const auto process = launcher_->launch(area.sandboxed("setsid sleep 1000 & echo up; wait"));
  EXPECT_EQ(read_output_line(process->output_descriptor()), "up");
  const auto launcher = std::to_string(launcher_pid());
  const auto children = read_file("/proc/" + launcher + "/task/" + launcher + "/children");
  const auto supervisors = split_words(children);
  ASSERT_EQ(supervisors.size(), 1U);
  ::kill(static_cast<pid_t>(*parse_number(supervisors[0])), SIGKILL);
  // The output ends only when nobody has it open any more.
  EXPECT_THROW(finish_step(*process), UnavailableError);
}

FileDescriptor lock_file(const fs::path& path) {
  FileDescriptor lock = open_file(path, O_RDWR | O_CREAT, 0600);
  if (::flock(lock.get(), LOCK_EX) != 0) throw_errno("locking", path.string());
  return lock;
}

bool is_free(const fs::path& lock) {
  return ::flock(open_file(lock, O_RDWR).get(), LOCK_EX | LOCK_NB) == 0;
}

TEST_F(LauncherTest, LocksAreHeldWhileAStepRuns) {
  const TemporaryDirectory directory;
  const auto path = directory.path() / "lock";
  auto lock = lock_file(path);
  auto spec = busybox_script("setsid sh -c 'trap \"\" TERM; sleep 1000' & echo up; wait");
  spec.locks = {lock.get()};
  const auto process = launcher_->launch(spec);
  EXPECT_EQ(read_output_line(process->output_descriptor()), "up");
  lock.reset();
  EXPECT_FALSE(is_free(path));
  process->kill();
  EXPECT_TRUE(is_free(path));
}

TEST_F(LauncherTest, ManyLocksCanBeHeld) {
  const TemporaryDirectory directory;
  std::vector<FileDescriptor> locks;
  auto spec = busybox_script("ls /proc/self/fd | tr '\n' ' '");
  for (std::size_t i = 0; i < LaunchSpec::kMostLocks; ++i) {
    locks.push_back(lock_file(directory.path() / std::to_string(i)));
    spec.locks.push_back(locks.back().get());
  }
  // The builder itself gets none of them; 3 is the directory that it lists.
  EXPECT_EQ(run_step(*launcher_, spec).output, "0 1 2 3 ");
  locks.clear();
  for (const auto& entry : fs::directory_iterator(directory.path())) {
    EXPECT_TRUE(is_free(entry.path()));
  }
}

constexpr const char* kLockOfStep = "GRANGE_TEST_LOCK";

/// Not a test: what the test below runs in a process of its own, to kill it.
TEST(LauncherClient, DISABLED_RunsAStepForEver) {
  const auto launcher = Launcher::start(launcher_config());
  const auto lock = lock_file(std::getenv(kLockOfStep));
  auto spec = busybox_script("setsid sleep 1000 & echo $!; echo $$; echo $PPID; wait");
  spec.locks = {lock.get()};
  const auto process = launcher->launch(spec);
  for (int i = 0; i < 3; ++i) {
    std::printf("PID %s\n", read_output_line(process->output_descriptor()).c_str());
  }
  std::printf("PID %d\n", launcher_pid());
  std::fflush(stdout);
  finish_step(*process);
}

TEST(LauncherClient, NothingIsLeftWhenGrangeIsKilled) {
  auto [output, child_output] = make_pipe();
  SpawnOptions options;
  options.arguments = {"/proc/self/exe", "--gtest_also_run_disabled_tests",
                       "--gtest_filter=LauncherClient.DISABLED_RunsAStepForEver"};
  options.arguments[0] = fs::read_symlink("/proc/self/exe");
  const TemporaryDirectory directory;
  const auto lock = directory.path() / "lock";
  options.environment.emplace().push_back(std::string(kLockOfStep) + "=" + lock.string());
  options.standard_output = child_output.get();
  auto client = ChildProcess::spawn(options);
  child_output.reset();
  std::vector<pid_t> pids;
  while (pids.size() < 4) {
    const auto line = read_output_line(output.get());
    if (line.starts_with("PID ")) pids.push_back(static_cast<pid_t>(std::stoi(line.substr(4))));
  }
  for (const pid_t pid : pids) EXPECT_TRUE(is_running(pid));
  ::kill(client.pid(), SIGKILL);
  client.wait();
  EXPECT_TRUE(eventually([&] { return is_free(lock); }));
  // Its lock is free, so nothing that it ran is there.
  EXPECT_FALSE(is_running(pids[0]) || is_running(pids[1]));
  for (const pid_t pid : pids) EXPECT_TRUE(eventually([&] { return !is_running(pid); }));
}

TEST_F(LauncherTest, RootMayRunAStepAsAnotherUser) {
  const auto ids = builder_ids();
  if (!ids) GTEST_SKIP() << "needs root";
  auto spec = busybox_script("id -u; id -g; id -G; echo again >/dev/stderr");
  spec.identity = ids;
  const auto uid = std::to_string(ids->first);
  EXPECT_EQ(run_step(*launcher_, spec).output, uid + "\n" + uid + "\n" + uid + "\nagain\n");
}

TEST(LauncherStart, NamesAMissingOrForeignProgram) {
  LauncherConfig config;
  config.program = "/no/such/launcher";
  EXPECT_THROW(Launcher::start(config), NotFoundError);
  config.program = "/bin/true";
  EXPECT_THROW(Launcher::start(config), UnavailableError);
}

}  // namespace
}  // namespace grange
