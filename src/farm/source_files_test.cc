#include "farm/source_files.h"

#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

/// The name of a source: `digit` tells it from others of its name.
std::string source(char digit, std::string_view name) {
  return std::string(32, digit) + "-" + std::string(name);
}

class SourceFilesTest : public testing::Test {
 protected:
  std::filesystem::path store() const { return directory_.path() / "store"; }
  void write(const std::string& file, const std::string& content) const {
    std::filesystem::create_directories((store() / file).parent_path());
    write_file(store() / file, content);
  }
  static ExplainedCause cause(const std::string& base, const std::string& head) {
    const auto path = StorePath::parse(source('0', "hello.drv"));
    return {"hello", path, path, {{"sources", base, head}}, 1, 1, 1, 1, {}, 1, false};
  }
  std::vector<std::string> find(const std::string& base, const std::string& head,
                                const SourceFileBounds& bounds = {}) const {
    Explanation explanation;
    explanation.causes.push_back(cause(base, head));
    find_source_files(explanation, store(), bounds, {});
    return explanation.causes.front().source_files;
  }
  using Lines = std::vector<std::string>;

  const std::string base_ = source('1', "src"), head_ = source('2', "src");

 private:
  TemporaryDirectory directory_;
};

TEST_F(SourceFilesTest, TellsWhichFilesDiffer) {
  write(base_ + "/lib/a.c", "one");
  write(head_ + "/lib/a.c", "two");
  write(head_ + "/lib/b.c", "");
  write(base_ + "/readme", "same");
  write(head_ + "/readme", "same");
  write(base_ + "/run", "");
  write(head_ + "/run", "");
  std::filesystem::permissions(store() / head_ / "run", std::filesystem::perms(0755));
  write(base_ + "/z", "");
  EXPECT_EQ(find(base_, head_), Lines{"src: lib/a.c changed, lib/b.c only in the head, run made "
                                      "executable, z only in the base"});
}

TEST_F(SourceFilesTest, ASourceMayBeOneFile) {
  const auto patch = source('3', "fix.patch"), other = source('4', "fix.patch");
  write(patch, "-a");
  write(other, "-b");
  write(base_, "kept");
  EXPECT_EQ(find(base_ + "\n" + patch, base_ + "\n" + other), Lines{"fix.patch: changed"});
}

TEST_F(SourceFilesTest, WhatIsNotAtHandIsNotToldOf) {
  write(base_, "here");
  EXPECT_EQ(find(base_, head_), Lines{});
  EXPECT_EQ(find("../../etc/passwd", "../../etc/group"), Lines{});
  EXPECT_EQ(find("", ""), Lines{});
}

TEST_F(SourceFilesTest, NamesThatSeveralBearAreNotPaired) {
  const auto third = source('3', "src");
  for (const auto& file : {base_, head_, third}) write(file, file);
  EXPECT_EQ(find(base_, head_ + "\n" + third), Lines{});
  EXPECT_EQ(find(base_ + "\n" + third, head_ + "\n" + third), Lines{"src: changed"});
}

TEST_F(SourceFilesTest, FollowsNoLinkOut) {
  write("secret", "one");
  std::filesystem::create_symlink("secret", store() / base_);
  std::filesystem::create_symlink("../store/secret", store() / head_);
  EXPECT_EQ(find(base_, head_), Lines{"src: changed"});  // the links, not what is behind them
}

TEST_F(SourceFilesTest, LeavesOutGuixRecipes) {
  const auto base = source('1', "hello-builder"), head = source('2', "hello-builder");
  write(base, "one");
  write(head, "two");
  EXPECT_EQ(find(base, head), Lines{});
}

TEST_F(SourceFilesTest, IsBounded) {
  for (const char* name : {"a", "b", "c"}) {
    write(base_ + "/" + name, "one");
    write(head_ + "/" + name, "two");
  }
  EXPECT_EQ(find(base_, head_, {2, 1 << 20, 1}),
            Lines{"src: a changed, b changed and perhaps more"});
  EXPECT_EQ(find(base_, head_, {20, 515, 1}), Lines{"src: a changed and perhaps more"});
  EXPECT_EQ(find(base_, head_, {20, 0, 1}), Lines{});
  EXPECT_EQ(find(base_, head_, {20, 1 << 20, 0}), Lines{});
}

TEST_F(SourceFilesTest, CanBeStopped) {
  write(base_, "one");
  write(head_, "two");
  Explanation explanation;
  explanation.causes.push_back(cause(base_, head_));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(find_source_files(explanation, store(), {}, stop.get_token()), CancelledError);
}

}  // namespace
}  // namespace grange
