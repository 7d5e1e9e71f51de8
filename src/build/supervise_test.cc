#include "build/supervise.h"

#include <chrono>
#include <string>
#include <thread>
#include <tuple>

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "build/test_support.h"

namespace grange {
namespace {

using namespace std::chrono_literals;

/// A builder as a script of the test: what it writes, when it ends.
class FakeProcess final : public LaunchedProcess {
 public:
  FakeProcess() : ended_(::eventfd(0, EFD_CLOEXEC)) { std::tie(output_, input_) = make_pipe(); }

  void write(std::string_view text) const {
    EXPECT_EQ(::write(input_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void close_output() { input_.reset(); }
  void end(ExitStatus status) {
    status_ = status;
    input_.reset();
    ::eventfd_write(ended_.get(), 1);
  }
  bool killed() const { return killed_; }

  int output_descriptor() const override { return output_.get(); }
  int poll_descriptor() const override { return ended_.get(); }
  std::optional<ExitStatus> try_wait() override { return status_; }
  void kill() override { killed_ = true; }
  void show(const std::vector<std::string>&) override {}

 private:
  FileDescriptor ended_;
  FileDescriptor output_;
  FileDescriptor input_;
  std::optional<ExitStatus> status_;
  bool killed_ = false;
};

class SuperviseTest : public testing::Test {
 protected:
  BuilderEnd run() { return supervise(process_, limits_, log_, clock_, stop_.get_token()); }

  TemporaryDirectory directory_;
  RecordingObserver observer_;
  LogCapture log_{observer_, directory_.path()};
  SystemClock clock_;
  StepLimits limits_;
  FakeProcess process_;
  std::stop_source stop_;
};

TEST_F(SuperviseTest, ReadsEverythingOfAProcessThatHasEnded) {
  process_.write("last words");
  process_.end({3, 0});
  const auto end = run();
  EXPECT_EQ(end.reason, BuilderEnd::Reason::exited);
  EXPECT_EQ(end.status.code, 3);
  EXPECT_EQ(log_.whole(), "last words");
  EXPECT_EQ(log_.tail(), "last words");
}

TEST_F(SuperviseTest, WaitsForAProcessThatHasClosedItsOutput) {
  process_.close_output();
  std::jthread later([&] {
    std::this_thread::sleep_for(30ms);
    process_.end({0, 0});
  });
  EXPECT_TRUE(run().status.success());
}

TEST_F(SuperviseTest, TimesOut) {
  limits_.timeout = Seconds(0.05);
  limits_.max_silent = Seconds(5);
  EXPECT_EQ(run().reason, BuilderEnd::Reason::timed_out);
  EXPECT_TRUE(process_.killed());
}

TEST_F(SuperviseTest, SilenceCountsFromTheLastOutput) {
  limits_.max_silent = Seconds(0.1);
  const auto start = clock_.monotonic();
  std::jthread writer([&] {
    std::this_thread::sleep_for(60ms);
    process_.write("still here\n");
  });
  EXPECT_EQ(run().reason, BuilderEnd::Reason::silent);
  EXPECT_GE(clock_.monotonic() - start, 160ms);
  EXPECT_TRUE(process_.killed());
}

TEST_F(SuperviseTest, EnormousLimitsAreNone) {
  limits_.timeout = Seconds(1e300);
  limits_.max_silent = Seconds(1e30);
  process_.end({0, 0});
  EXPECT_TRUE(run().status.success());
}

TEST_F(SuperviseTest, StopsALoudProcess) {
  limits_.max_log_bytes = 10;
  process_.write("12345678901");
  EXPECT_EQ(run().reason, BuilderEnd::Reason::log_limit_exceeded);
  EXPECT_TRUE(process_.killed());
}

TEST_F(SuperviseTest, ExactlyTheLimitIsFine) {
  limits_.max_log_bytes = 10;
  process_.write("1234567890");
  process_.end({0, 0});
  EXPECT_EQ(run().reason, BuilderEnd::Reason::exited);
}

TEST_F(SuperviseTest, KillsWhenStopped) {
  std::jthread stopper([&] {
    std::this_thread::sleep_for(30ms);
    stop_.request_stop();
  });
  EXPECT_THROW(run(), CancelledError);
  EXPECT_TRUE(process_.killed());
}

TEST_F(SuperviseTest, KillsWhenStoppedBefore) {
  stop_.request_stop();
  EXPECT_THROW(run(), CancelledError);
  EXPECT_TRUE(process_.killed());
}

}  // namespace
}  // namespace grange
