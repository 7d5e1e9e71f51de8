#include "build/leftovers.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <tuple>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include "base/fault.h"
#include "base/file.h"
#include "build/build_area.h"
#include "build/output_places.h"
#include "build/test_builder.h"

namespace grange {
namespace {

class LeftoversTest : public testing::Test {
 protected:
  std::unique_ptr<LocalStore> open() {
    return LocalStore::open(StoreLocation::at_root(directory_.path() / "dest"));
  }

  TemporaryDirectory directory_;
};

TEST_F(LeftoversTest, AreasOfTheLivingAreLeftAlone) {
  const auto store = open();
  const auto output = repeated_path('a', "half");
  {
    BuildArea area(*store);
    const auto attempt = area.begin();
    area.add_outputs(attempt, {output});
    const auto elsewhere = directory_.path() / "elsewhere";
    std::filesystem::create_directory(elsewhere);
    area.add_directory(attempt, elsewhere);
    write_file(store->real_path(output), "half");
    clean_build_leftovers(*store);
    EXPECT_TRUE(std::filesystem::exists(area.path()));
    EXPECT_TRUE(std::filesystem::exists(store->real_path(output)));
    EXPECT_TRUE(std::filesystem::exists(elsewhere));
  }
  EXPECT_TRUE(std::filesystem::is_empty(build_areas(store->location())));
}

TEST_F(LeftoversTest, WhatTheDeadLeftIsRemoved) {
  const auto store = open();
  const auto half = repeated_path('a', "half");
  const auto valid = store->add_text("valid.txt", "valid", {});
  const auto only_locked = lock_name(repeated_path('c', "floating.drv"), "out");
  const auto lock_file = store->real_path(only_locked).string() + ".lock";
  open_file(lock_file, O_RDWR | O_CREAT, 0600);  // and no journal says so
  const auto kept = directory_.path() / "kept";
  const auto elsewhere = directory_.path() / "elsewhere";
  std::filesystem::create_directory(kept);
  std::filesystem::create_directories(elsewhere / "deep");
  std::filesystem::create_directory(store->real_path(half));
  write_file(store->real_path(half) / "file", "x");
  const auto dead = build_areas(store->location()) / "123-dead";
  {
    BuildArea area(*store);
    const auto attempt = area.begin();
    area.add_outputs(attempt, {half, valid, repeated_path('b', "never-begun")});
    area.add_directory(attempt, kept);
    area.add_directory(attempt, elsewhere);
    area.release_directory(attempt, kept);
    // A killed process leaves its area; its lock goes with it.
    std::filesystem::copy(area.path(), dead, std::filesystem::copy_options::recursive);
  }
  std::filesystem::create_directories(dead / "1/root/nix/store/x");
  clean_build_leftovers(*store);
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_FALSE(std::filesystem::exists(elsewhere));
  EXPECT_FALSE(std::filesystem::exists(lock_file));
  EXPECT_TRUE(std::filesystem::exists(kept));
  EXPECT_FALSE(std::filesystem::exists(store->real_path(half)));
  EXPECT_TRUE(store->is_valid(valid));
  EXPECT_EQ(read_file(store->real_path(valid)), "valid");
}

TEST_F(LeftoversTest, StepsOfTheDeadMayTakeAMomentToEnd) {
  const auto store = open();
  const auto dead = build_areas(store->location()) / "123-dead";
  {
    const BuildArea area(*store);
    std::filesystem::copy(area.path(), dead, std::filesystem::copy_options::recursive);
  }
  auto steps = open_file(steps_lock_path(dead), O_RDWR);
  ASSERT_EQ(::flock(steps.get(), LOCK_EX), 0);
  std::atomic<bool> running = true;
  std::jthread step([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_TRUE(std::filesystem::exists(dead));
    running = false;
    steps.reset();
  });
  clean_build_leftovers(*store);
  EXPECT_FALSE(running);
  EXPECT_FALSE(std::filesystem::exists(dead));
}

TEST_F(LeftoversTest, AHalfOutputThatSomebodyMakesAgainIsLeftAlone) {
  const auto store = open();
  const auto half = repeated_path('a', "half");
  const auto dead = build_areas(store->location()) / "123-dead";
  {
    BuildArea area(*store);
    area.add_outputs(area.begin(), {half});
    std::filesystem::copy(area.path(), dead, std::filesystem::copy_options::recursive);
  }
  write_file(store->real_path(half), "in the making");
  auto locks = store->try_lock({half});
  ASSERT_TRUE(locks);
  clean_build_leftovers(*store);
  EXPECT_TRUE(std::filesystem::exists(store->real_path(half)));
}

TEST_F(LeftoversTest, AJournalIsCutWhereItsLastRecordIs) {
  const auto store = open();
  const auto area = directory_.path() / "area";
  std::filesystem::create_directory(area);
  const auto half = repeated_path('a', "half");
  std::string text = "output " + half.base_name();
  text += '\0';
  text += "nonsense";
  text += '\0';
  text += "directory /us";
  write_file(area / "journal", text);
  const auto traces = read_journal(area);
  EXPECT_EQ(traces.outputs, std::set<StorePath>{half});
  EXPECT_TRUE(traces.directories.empty());
  EXPECT_TRUE(read_journal(directory_.path() / "none").outputs.empty());
}

TEST_F(LeftoversTest, AJournalStaysSmall) {
  const auto store = open();
  BuildArea area(*store);
  const auto running = area.begin();
  area.add_outputs(running, {repeated_path('a', "running")});
  for (int i = 0; i < 30'000; ++i) {
    const auto attempt = area.begin();
    area.add_outputs(attempt, {repeated_path('b', "number-" + std::to_string(i))});
    area.end(attempt);
  }
  EXPECT_LT(std::filesystem::file_size(area.path() / "journal"), 1'100'000U);
  EXPECT_TRUE(read_journal(area.path()).outputs.contains(repeated_path('a', "running")));
}

/// A process is killed at a point between two durable writes; the next one finds everything in
/// order and cleans up.
using KilledAt = std::tuple<BuildPolicy::Sandbox, const char*>;
class KilledTest : public testing::TestWithParam<KilledAt> {
 protected:
  TemporaryDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(
    Points, KilledTest,
    testing::Combine(testing::Values(BuildPolicy::Sandbox::sandboxed,
                                     BuildPolicy::Sandbox::unsandboxed),
                     testing::Values("build.before-move", "build.between-moves",
                                     "build.before-register", "build.after-register")));

TEST_P(KilledTest, TheNextProcessGoesOn) {
  if (const auto reason = why_no_builders()) GTEST_SKIP() << *reason;
  const auto [sandbox, point] = GetParam();
  const auto root = directory_.path();
  std::filesystem::permissions(root, std::filesystem::perms(0755));
  EXPECT_EXIT(
      {
        BuilderWorld world(root);
        ScriptedStep step("pair", "echo $dev > $out; echo > $dev; echo x > file", {"dev", "out"});
        set_fault(std::string(point) + "=kill");
        world.build(step, sandbox);
        std::_Exit(0);
      },
      testing::KilledBySignal(SIGKILL), "");
  const auto store = LocalStore::open(StoreLocation::at_root(root / "dest"));
  EXPECT_TRUE(store->verify(true, {}).empty());
  clean_build_leftovers(*store);
  EXPECT_TRUE(std::filesystem::is_empty(build_areas(store->location())));
  EXPECT_TRUE(std::filesystem::is_empty(root / "tmp"));
  const std::size_t made = std::string(point) == "build.after-register" ? 2 : 0;
  EXPECT_EQ(store->all_valid_paths().size(), made);
  EXPECT_EQ(BuilderWorld::names_in(store->location().real_store).size(), made);
}

}  // namespace
}  // namespace grange
