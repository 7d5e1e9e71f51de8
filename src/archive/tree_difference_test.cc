#include "archive/tree_difference.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

class TreeDifferenceTest : public testing::Test {
 protected:
  TreeDifferenceTest() {
    for (const auto& tree : {one(), other()}) {
      std::filesystem::create_directories(tree / "bin");
      write_file(tree / "bin/run", "#!/bin/sh\n");
      write_file(tree / "readme", "same");
      std::filesystem::create_symlink("readme", tree / "link");
    }
  }
  std::filesystem::path one() const { return directory_.path() / "one"; }
  std::filesystem::path other() const { return directory_.path() / "other"; }
  TreeDifferences find(std::size_t limit = 100) const {
    return find_tree_differences(one(), other(), limit, {});
  }
  std::string text(std::size_t limit = 100) const { return print_tree_differences(find(limit)); }

 private:
  TemporaryDirectory directory_;
};

TEST_F(TreeDifferenceTest, EqualTreesDoNotDiffer) {
  EXPECT_TRUE(find().found.empty());
  EXPECT_FALSE(find().more);
  EXPECT_EQ(text(), "");
}

TEST_F(TreeDifferenceTest, EveryKindIsTold) {
  write_file(other() / "readme", "sane");
  write_file(one() / "gone", "12345");
  std::filesystem::create_directories(other() / "share/doc");
  write_file(other() / "share/doc/inside", "not told of");
  std::filesystem::remove(other() / "link");
  std::filesystem::create_symlink("bin", other() / "link");
  std::filesystem::permissions(other() / "bin/run", std::filesystem::perms(0755));
  write_file(one() / "turned", "");
  std::filesystem::create_directory(other() / "turned");
  EXPECT_EQ(text(),
            "  ! bin/run (file of 10 bytes, then executable file of 10 bytes)\n"
            "  - gone (file of 5 bytes)\n"
            "  ! link (symlink to 'readme', then symlink to 'bin')\n"
            "  ! readme (file of 4 bytes; they differ from offset 2)\n"
            "  + share (directory)\n"
            "  ! turned (file of 0 bytes, then directory)\n");
  const auto found = find().found;
  ASSERT_EQ(found.size(), 6U);
  EXPECT_EQ(found[3].offset, 2U);
  EXPECT_FALSE(found[0].offset);
}

TEST_F(TreeDifferenceTest, TheFirstOtherByteIsFoundWhereverItIs) {
  const std::string long_text(700'001, 'x');
  for (const std::size_t at : {std::size_t{0}, std::size_t{262'143}, std::size_t{262'144},
                               std::size_t{524'288}, std::size_t{700'000}}) {
    auto changed = long_text;
    changed[at] = 'y';
    write_file(one() / "long", long_text);
    write_file(other() / "long", changed);
    ASSERT_EQ(find().found.size(), 1U) << at;
    EXPECT_EQ(find().found[0].offset, at);
  }
  // One ends where the other goes on, also at the border of a piece.
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{262'144}}) {
    write_file(other() / "long", long_text.substr(0, size));
    ASSERT_EQ(find().found.size(), 1U) << size;
    EXPECT_EQ(find().found[0].offset, size);
  }
}

TEST_F(TreeDifferenceTest, RootsMayBeFilesOrLinks) {
  const auto first = one() / "readme";
  const auto second = other() / "readme";
  EXPECT_TRUE(find_tree_differences(first, second, 9, {}).found.empty());
  write_file(second, "sam");
  EXPECT_EQ(print_tree_differences(find_tree_differences(first, second, 9, {})),
            "  ! . (file of 4 bytes, then file of 3 bytes; they differ from offset 3)\n");
  EXPECT_EQ(print_tree_differences(find_tree_differences(first, other() / "link", 9, {})),
            "  ! . (file of 4 bytes, then symlink to 'readme')\n");
  EXPECT_THROW(find_tree_differences(first, other() / "none", 9, {}), NotFoundError);
}

TEST_F(TreeDifferenceTest, LookingEndsAtTheLimit) {
  for (int i = 0; i < 50; ++i) write_file(other() / ("new" + std::to_string(100 + i)), "");
  EXPECT_EQ(find(50).found.size(), 50U);
  const auto some = find(3);
  EXPECT_EQ(some.found.size(), 3U);
  EXPECT_TRUE(some.more);
  EXPECT_NE(text(3).find("perhaps more"), std::string::npos);
}

TEST_F(TreeDifferenceTest, AnAllowanceEndsReading) {
  write_file(one() / "zeros", std::string(std::size_t{1} << 20, '\0'));
  write_file(other() / "zeros", std::string(std::size_t{1} << 20, '\0') + "end");
  write_file(other() / "zz", "");
  std::uint64_t enough = std::uint64_t{4} << 20;
  EXPECT_EQ(find_tree_differences(one(), other(), 9, {}, &enough).found.size(), 2U);
  EXPECT_LT(enough, std::uint64_t{2} << 20);
  std::uint64_t little = std::uint64_t{1} << 20;
  const auto found = find_tree_differences(one(), other(), 9, {}, &little);
  ASSERT_EQ(found.found.size(), 1U);  // by its size; where it begins to differ was not reached
  EXPECT_FALSE(found.found[0].offset);
  EXPECT_TRUE(found.more);
  EXPECT_EQ(little, 0U);
}

TEST_F(TreeDifferenceTest, NamesCannotDriveATerminalNorFillIt) {
  write_file(other() / "\x1b[31mred\n", "");
  write_file(other() / std::string(220, 'n'), "");
  const auto printed = text();
  EXPECT_EQ(printed.find('\x1b'), std::string::npos);
  EXPECT_EQ(std::count(printed.begin(), printed.end(), '\n'), 2);
  EXPECT_LT(printed.size(), 400U);
}

TEST_F(TreeDifferenceTest, DepthIsBoundedAndStoppingWorks) {
  auto deep = std::filesystem::path("d");
  for (int i = 0; i < 70; ++i) deep /= "d";
  std::filesystem::create_directories(one() / deep);
  std::filesystem::create_directories(other() / deep);
  EXPECT_THROW(find(), InvalidError);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(find_tree_differences(one(), other(), 9, stop.get_token()), CancelledError);
}

}  // namespace
}  // namespace grange
