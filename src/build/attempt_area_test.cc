#include "build/attempt_area.h"

#include <filesystem>
#include <memory>
#include <optional>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "store/local_store.h"

namespace grange {
namespace {

class AttemptAreaTest : public testing::Test {
 protected:
  std::filesystem::path elsewhere() const {
    const auto path = directory_.path() / "tmp";
    std::filesystem::create_directory(path);
    return path;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<LocalStore> store_ =
      LocalStore::open(StoreLocation::at_root(directory_.path() / "store"));
  BuildArea area_{*store_};
};

TEST_F(AttemptAreaTest, BuildDirectoriesHaveTheLeastFreeNumber) {
  const auto parent = elsewhere();
  std::filesystem::create_directory(parent / "nix-build-x.drv-0");
  write_file(parent / "nix-build-x.drv-0/precious", "x");
  std::filesystem::create_directory(parent / "nix-build-x.drv-1");  // empty, and still not ours
  {
    AttemptArea attempt(area_);
    const auto made = attempt.make_build_directory(parent, "x.drv");
    EXPECT_EQ(made, parent / "nix-build-x.drv-2");
    EXPECT_TRUE(std::filesystem::is_empty(made));
    write_file(made / "file", "x");
    EXPECT_TRUE(read_journal(area_.path()).directories.contains(made.string()));
  }
  EXPECT_FALSE(std::filesystem::exists(parent / "nix-build-x.drv-2"));
  EXPECT_TRUE(std::filesystem::exists(parent / "nix-build-x.drv-0/precious"));
  EXPECT_TRUE(std::filesystem::exists(parent / "nix-build-x.drv-1"));
  EXPECT_TRUE(read_journal(area_.path()).directories.empty());
}

TEST_F(AttemptAreaTest, EachGetsAnEmptyDirectoryOfItsMode) {
  const auto parent = elsewhere();
  for (int round = 0; round < 3; ++round) {
    AttemptArea attempt(area_);
    const auto made = attempt.make_build_directory(parent, "x.drv");
    EXPECT_EQ(made, parent / "nix-build-x.drv-0");
    EXPECT_TRUE(std::filesystem::is_empty(made));
    struct stat status {};
    ASSERT_EQ(::stat(made.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700U);
    std::filesystem::create_directories(made / "deep/er");
    ASSERT_EQ(::chmod(made.c_str(), round == 0 ? 0500 : 0777), 0);
  }
  EXPECT_TRUE(std::filesystem::is_empty(parent));
}

TEST_F(AttemptAreaTest, OtherFileSystemsAreFine) {
  std::optional<TemporaryDirectory> other;
  struct stat here {
  }, there{};
  if (std::filesystem::is_directory("/dev/shm")) other.emplace("/dev/shm");
  if (!other || ::stat(directory_.path().c_str(), &here) != 0 ||
      ::stat(other->path().c_str(), &there) != 0 || here.st_dev == there.st_dev) {
    GTEST_SKIP() << "there is no other file system at /dev/shm";
  }
  {
    AttemptArea attempt(area_);
    const auto made = attempt.make_build_directory(other->path(), "x.drv");
    EXPECT_EQ(made, other->path() / "nix-build-x.drv-0");
    write_file(made / "file", "x");
  }
  EXPECT_TRUE(std::filesystem::is_empty(other->path()));
}

TEST_F(AttemptAreaTest, WhatIsKeptStays) {
  const auto parent = elsewhere();
  {
    AttemptArea attempt(area_);
    attempt.make_build_directory(parent, "x.drv");
    attempt.keep_build_directory();
  }
  EXPECT_TRUE(std::filesystem::exists(parent / "nix-build-x.drv-0"));
  EXPECT_TRUE(read_journal(area_.path()).directories.empty());
  AttemptArea next(area_);
  EXPECT_EQ(next.make_build_directory(parent, "x.drv"), parent / "nix-build-x.drv-1");
}

TEST_F(AttemptAreaTest, SandboxesGetEmptyDirectories) {
  for (int round = 0; round < 2; ++round) {
    AttemptArea attempt(area_);
    const auto root = attempt.make_directory("root", 0755);
    std::filesystem::create_directories(root / "nix/store");
    EXPECT_TRUE(std::filesystem::is_empty(root / "nix/store"));
    write_file(root / "nix/store/output", "x");
    const auto spool = attempt.spool_file();
    EXPECT_FALSE(std::filesystem::exists(spool));
    write_file(spool, "x");
  }
}

}  // namespace
}  // namespace grange
