#include "process/visible_tree.h"

#include <filesystem>
#include <set>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

namespace fs = std::filesystem;
using Kind = VisibleTree::Kind;

/// A host directory "bin" with a shell behind a symlink, a program, a subdirectory, and a symlink
/// that leads elsewhere.
class VisibleTreeTest : public testing::Test {
 protected:
  VisibleTreeTest() : host_(fs::canonical(temporary_.path())) {
    fs::create_directories(host_ / "bin/tools");
    fs::create_directories(host_ / "other");
    write_file(host_ / "bin/dash", "dash");
    write_file(host_ / "bin/cat", "cat");
    write_file(host_ / "bin/tools/ls", "ls");
    write_file(host_ / "other/sh", "another shell");
    fs::create_symlink("dash", host_ / "bin/sh");
    fs::create_symlink(host_ / "other", host_ / "bin/away");
  }

  /// "PATH KIND TEXT" with the host's place left out.
  std::set<std::string> shown() const {
    static constexpr const char* kNames[] = {"directory",      "file",      "symlink",
                                             "bind-directory", "bind-file", "bind-device"};
    std::set<std::string> lines;
    for (const auto& entry : tree_.entries()) {
      std::string text = entry.text;
      if (text.starts_with(host_.native())) text = "HOST" + text.substr(host_.native().size());
      lines.insert(entry.path + " " + kNames[static_cast<int>(entry.kind)] + " " + text);
    }
    return lines;
  }

  TemporaryDirectory temporary_;
  fs::path host_;
  VisibleTree tree_;
};

const std::set<std::string> kOpenedBin = {
    "/bin directory ",
    "/bin/away symlink HOST/other",
    "/bin/cat bind-file HOST/bin/cat",
    "/bin/dash bind-file HOST/bin/dash",
    "/bin/sh bind-file HOST/other/sh",
    "/bin/tools bind-directory HOST/bin/tools",
};

TEST_F(VisibleTreeTest, MakesParentsBeforeWhatIsInThem) {
  EXPECT_TRUE(tree_.bind("/a/b/c", host_ / "bin"));
  tree_.add_file("/a/file", "text");
  const auto entries = tree_.entries();
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[0].path, "/a");
  EXPECT_EQ(entries[1].path, "/a/b");
  EXPECT_EQ(entries[2].path, "/a/b/c");
  EXPECT_EQ(entries[2].kind, Kind::bind_directory);
  EXPECT_EQ(entries[3].path, "/a/file");
}

TEST_F(VisibleTreeTest, FollowsTheSourceAndSaysWhenThereIsNone) {
  EXPECT_TRUE(tree_.bind("/bin/sh", host_ / "bin/sh"));
  EXPECT_FALSE(tree_.bind("/bin/no", host_ / "bin/no"));
  EXPECT_FALSE(tree_.bind("/bin/no", host_ / "bin/cat/no"));
  EXPECT_EQ(shown(), (std::set<std::string>{"/bin directory ", "/bin/sh bind-file HOST/bin/dash"}));
}

TEST_F(VisibleTreeTest, SkipsAnInnerPathThatTheOuterOneShowsAlready) {
  tree_.bind("/bin", host_ / "bin");
  EXPECT_TRUE(tree_.bind("/bin/sh", host_ / "bin/sh"));
  EXPECT_TRUE(tree_.bind("/bin/tools/ls", host_ / "bin/tools/ls"));
  EXPECT_EQ(shown(), (std::set<std::string>{"/bin bind-directory HOST/bin"}));
}

TEST_F(VisibleTreeTest, OpensTheOuterDirectoryForAnotherInnerFile) {
  tree_.bind("/bin", host_ / "bin");
  tree_.bind("/bin/sh", host_ / "other/sh");
  EXPECT_EQ(shown(), kOpenedBin);
}

TEST_F(VisibleTreeTest, OpensTheOuterDirectoryForANewName) {
  tree_.bind("/bin", host_ / "bin");
  tree_.bind("/bin/tools/new", host_ / "other/sh");
  auto lines = kOpenedBin;
  lines.erase("/bin/sh bind-file HOST/other/sh");
  lines.insert("/bin/sh symlink dash");
  lines.erase("/bin/tools bind-directory HOST/bin/tools");
  lines.insert({"/bin/tools directory ", "/bin/tools/ls bind-file HOST/bin/tools/ls",
                "/bin/tools/new bind-file HOST/other/sh"});
  EXPECT_EQ(shown(), lines);
}

TEST_F(VisibleTreeTest, ASymlinkThatLeadsAwayBecomesTheDirectoryItMeans) {
  // Inside there may be nothing where "away" points to, so that it does not show other/sh.
  tree_.bind("/bin", host_ / "bin");
  tree_.bind("/bin/away/sh", host_ / "other/sh");
  EXPECT_EQ(shown().count("/bin/away bind-directory HOST/other"), 1U);
  EXPECT_EQ(shown().count("/bin/tools bind-directory HOST/bin/tools"), 1U);
}

TEST_F(VisibleTreeTest, ALaterOuterPathReplacesWhatWasInside) {
  tree_.add_file("/bin/passwd", "");
  tree_.bind("/bin", host_ / "bin");
  EXPECT_EQ(shown(), (std::set<std::string>{"/bin bind-directory HOST/bin"}));
}

TEST_F(VisibleTreeTest, RootItselfMayBeTheHosts) {
  tree_.bind("/", host_);
  tree_.bind("/nix/store", host_ / "other");
  EXPECT_EQ(shown(), (std::set<std::string>{"/bin bind-directory HOST/bin", "/nix directory ",
                                            "/nix/store bind-directory HOST/other",
                                            "/other bind-directory HOST/other"}));
}

TEST_F(VisibleTreeTest, RefusesPathsThatLeaveOrPassThroughAFile) {
  EXPECT_THROW(tree_.bind("/a/../b", host_), InvalidError);
  EXPECT_THROW(tree_.bind("a", host_), InvalidError);
  tree_.bind("/cat", host_ / "bin/cat");
  EXPECT_THROW(tree_.bind("/cat/inner", host_), InvalidError);
}

TEST_F(VisibleTreeTest, DevicesAreTheirOwnKind) {
  tree_.bind("/dev/null", "/dev/null");
  EXPECT_EQ(shown().count("/dev/null bind-device /dev/null"), 1U);
}

}  // namespace
}  // namespace grange
