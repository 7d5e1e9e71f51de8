#include "build/directory_pool.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"

namespace grange {
namespace {

TEST(DirectoryPool, GivesEachAttemptItsOwn) {
  const TemporaryDirectory parent;
  DirectoryPool pool(parent.path(), {});
  const auto first = pool.take();
  const auto second = pool.take();
  EXPECT_NE(first, second);
  EXPECT_TRUE(std::filesystem::is_empty(first));
  pool.give_back(second);
  EXPECT_EQ(pool.take(), second);
}

TEST(DirectoryPool, WhatComesBackIsEmptied) {
  const TemporaryDirectory parent;
  const TemporaryDirectory elsewhere;
  write_file(elsewhere.path() / "precious", "x");
  DirectoryPool pool(parent.path(), {"root", "root/tmp", "build"});
  const auto directory = pool.take();
  std::filesystem::create_directories(directory / "root/tmp/deep");
  std::filesystem::create_directories(directory / "root/other/tmp");
  std::filesystem::create_directory_symlink(elsewhere.path(), directory / "build");
  write_file(directory / "root/tmp/deep/file", "x");
  write_file(directory / "file", "x");
  ASSERT_EQ(::chmod((directory / "root/tmp/deep").c_str(), 0), 0);
  pool.give_back(directory);
  ASSERT_EQ(pool.take(), directory);
  EXPECT_TRUE(std::filesystem::is_empty(directory / "root/tmp"));
  EXPECT_FALSE(std::filesystem::exists(directory / "root/other"));
  EXPECT_FALSE(std::filesystem::exists(directory / "file"));
  EXPECT_FALSE(std::filesystem::is_symlink(directory / "build"));
  EXPECT_TRUE(std::filesystem::exists(elsewhere.path() / "precious"));
}

TEST(DirectoryPool, WhatCannotBeEmptiedIsReplaced) {
  const TemporaryDirectory parent;
  DirectoryPool pool(parent.path(), {"root"});
  const auto directory = pool.take();
  std::filesystem::remove(directory);
  pool.give_back(directory);
  const auto next = pool.take();
  EXPECT_TRUE(std::filesystem::is_empty(next));
}

}  // namespace
}  // namespace grange
