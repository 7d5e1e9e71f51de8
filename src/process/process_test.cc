#include "process/process.h"

#include <chrono>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/stream.h"

namespace grange {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

SpawnOptions shell(const std::string& script) {
  SpawnOptions options;
  options.arguments = {"sh", "-c", script};
  return options;
}

bool is_alive(pid_t pid) {
  return ::kill(pid, 0) == 0;
}

/// Reads up to the first newline.
std::string read_line(int fd) {
  std::string line;
  char byte = 0;
  while (::read(fd, &byte, 1) == 1 && byte != '\n') line += byte;
  return line;
}

TEST(ChildProcess, ReportsExitCodeAndSignal) {
  EXPECT_EQ(ChildProcess::spawn(shell("exit 3")).wait().to_string(), "exit code 3");
  const auto killed = ChildProcess::spawn(shell("kill -9 $$")).wait();
  EXPECT_FALSE(killed.success());
  EXPECT_EQ(killed.to_string(), "signal 9 (Killed)");
}

TEST(ChildProcess, WaitGivesUpAtItsDeadlineAndFindsTheEndLater) {
  auto child = ChildProcess::spawn(shell("sleep 20"));
  EXPECT_EQ(child.wait_until(steady_clock::now() + milliseconds(20)), std::nullopt);
  child.kill(SIGTERM);
  const auto status = child.wait_until(steady_clock::now() + std::chrono::seconds(10));
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->signal, SIGTERM);
  child.kill(SIGTERM);  // nobody is meant any more
}

TEST(ChildProcess, DestructorKillsTheWholeGroup) {
  auto [read_end, write_end] = make_pipe();
  auto options = shell("sleep 30 & echo $!; wait");
  options.standard_output = write_end.get();
  pid_t background = 0;
  {
    const auto child = ChildProcess::spawn(options);
    background = std::stoi(read_line(read_end.get()));
    EXPECT_TRUE(is_alive(background));
  }
  write_end.reset();
  EXPECT_EQ(read_line(read_end.get()), "");  // end of file: nobody has it open any more
}

TEST(ChildProcess, HandsOverExactlyTheDescriptorsNamed) {
  const FileDescriptor leaked(::open("/dev/null", O_RDONLY));  // without close-on-exec
  ASSERT_TRUE(leaked);
  auto [read_end, write_end] = make_pipe();
  auto options = shell("echo through >&7; ls /proc/self/fd | tr '\\n' ' ' >&7");
  options.descriptors = {{write_end.get(), 7}};
  EXPECT_TRUE(ChildProcess::spawn(options).wait().success());
  write_end.reset();
  FdSource source(read_end.get());
  // 3 is the directory that ls reads.
  EXPECT_EQ(read_all(source, 1000), "through\n0 1 2 3 7 ");
}

TEST(ChildProcess, MayExchangeTwoDescriptors) {
  auto [first_read, first_write] = make_pipe();
  auto [second_read, second_write] = make_pipe();
  auto options = shell("echo first >&" + std::to_string(second_write.get()) + "; echo second >&" +
                       std::to_string(first_write.get()));
  options.descriptors = {{first_write.get(), second_write.get()},
                         {second_write.get(), first_write.get()}};
  EXPECT_TRUE(ChildProcess::spawn(options).wait().success());
  EXPECT_EQ(read_line(first_read.get()), "first");
  EXPECT_EQ(read_line(second_read.get()), "second");
}

TEST(ChildProcess, StartsWithDefaultSignalsAndTheGivenEnvironment) {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before {};
  ::sigaction(SIGTERM, &ignore, &before);
  auto options = shell(
      "test \"$(env | grep -v -e ^PWD= -e ^SHLVL= -e ^_=)\" = A=1 || exit 2; "
      "kill -TERM $$; exit 3");
  options.environment = {"A=1"};
  const auto status = ChildProcess::spawn(options).wait();
  ::sigaction(SIGTERM, &before, nullptr);
  EXPECT_EQ(status.to_string(), "signal 15 (Terminated)");
}

TEST(ChildProcess, NamesTheMissingProgramOrDirectory) {
  SpawnOptions options;
  options.arguments = {"no-such-program-here"};
  EXPECT_THROW(ChildProcess::spawn(options), NotFoundError);
  options = shell("exit 0");
  options.working_directory = "/no/such/directory";
  try {
    ChildProcess::spawn(options);
    FAIL() << "started in a directory that does not exist";
  } catch (const SystemError& error) {
    EXPECT_EQ(error.code(), ENOENT);
    EXPECT_NE(error.message().find("/no/such/directory"), std::string::npos) << error.what();
  }
}

TEST(SystemProcessRunner, FeedsInputAndCapturesBothStreams) {
  const std::string input(300'000, 'x');
  auto options = shell("wc -c; pwd; echo warning >&2; exit 4");
  options.working_directory = "/";
  const auto output = SystemProcessRunner().run(options, input, {}, {});
  EXPECT_EQ(output.status.code, 4);
  EXPECT_EQ(output.standard_output, "300000\n/\n");
  EXPECT_EQ(output.standard_error, "warning\n");
}

TEST(SystemProcessRunner, TakesMoreOutputThanAPipeHolds) {
  const auto output = SystemProcessRunner().run(
      shell("head -c 1000000 /dev/zero; head -c 500000 /dev/zero >&2"), "", {}, {});
  EXPECT_EQ(output.standard_output.size(), 1'000'000U);
  EXPECT_EQ(output.standard_error.size(), 500'000U);
}

TEST(SystemProcessRunner, DoesNotWaitForWhatTheProgramLeavesBehind) {
  const auto start = steady_clock::now();
  const auto output = SystemProcessRunner().run(shell("sleep 30 & echo done"), "", {}, {});
  EXPECT_EQ(output.standard_output, "done\n");
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(SystemProcessRunner, BoundsTimeAndOutput) {
  RunLimits limits;
  limits.timeout = Seconds(0.05);
  EXPECT_THROW(SystemProcessRunner().run(shell("sleep 30"), "", limits, {}), TimeoutError);
  limits.timeout = Seconds(30);
  limits.output_limit = 1000;
  EXPECT_THROW(SystemProcessRunner().run(shell("yes"), "", limits, {}), InvalidError);
}

TEST(SystemProcessRunner, StopsWhenAsked) {
  std::stop_source source;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(50));
    source.request_stop();
  });
  EXPECT_THROW(SystemProcessRunner().run(shell("sleep 30"), "", {}, source.get_token()),
               CancelledError);
  EXPECT_THROW(SystemProcessRunner().run(shell("sleep 30"), "", {}, source.get_token()),
               CancelledError);
}

}  // namespace
}  // namespace grange
