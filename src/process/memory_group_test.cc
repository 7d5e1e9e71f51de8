#include "process/memory_group.h"

#include <csignal>
#include <limits>
#include <utility>

#include <gtest/gtest.h>
#include <unistd.h>

#include "process/process.h"

namespace grange {
namespace {

constexpr std::uint64_t kMemoryForTests = std::uint64_t{32} << 20;

/// A shell that waits for a line before it doubles a text, up to 64 MiB.
class GrowingProcess {
 public:
  GrowingProcess() : pipe_(make_pipe()), process_(ChildProcess::spawn(options())) {
    pipe_.first.reset();
  }
  pid_t pid() const { return process_.pid(); }
  ExitStatus grow() {
    pipe_.second.reset();
    return process_.wait();
  }

 private:
  SpawnOptions options() const {
    SpawnOptions options;
    options.arguments = {"sh", "-c",
                         "read line; x=0123456789abcdef; i=0; "
                         "while [ $i -lt 22 ]; do x=$x$x; i=$((i + 1)); done"};
    options.standard_input = pipe_.first.get();
    return options;
  }
  std::pair<FileDescriptor, FileDescriptor> pipe_;
  ChildProcess process_;
};

TEST(MemoryGroup, TheKernelKillsWhatUsesMore) {
  auto group = MemoryGroup::create(kMemoryForTests);
  if (!group) GTEST_SKIP() << "no control group of our own can be made here";
  GrowingProcess process;
  ASSERT_TRUE(group->add(process.pid()));
  EXPECT_FALSE(group->exceeded());
  EXPECT_EQ(process.grow().signal, SIGKILL);
  EXPECT_TRUE(group->exceeded());
}

TEST(MemoryGroup, WhatUsesLessEndsByItself) {
  const auto group = MemoryGroup::create(std::uint64_t{1} << 30);
  if (!group) GTEST_SKIP() << "no control group of our own can be made here";
  GrowingProcess process;
  ASSERT_TRUE(group->add(process.pid()));
  EXPECT_TRUE(process.grow().success());
  EXPECT_FALSE(group->exceeded());
}

TEST(MemoryGroup, TakesNoProcessThatIsNotThere) {
  const auto group = MemoryGroup::create(kMemoryForTests);
  if (!group) GTEST_SKIP() << "no control group of our own can be made here";
  EXPECT_FALSE(group->add(std::numeric_limits<pid_t>::max()));
}

}  // namespace
}  // namespace grange
