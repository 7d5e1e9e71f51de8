#include "store/path_roots.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "store/gc_roots.h"

namespace grange {
namespace {

StorePath numbered(int number) {
  return StorePath::make(std::string(20, static_cast<char>('a' + number % 7)),
                         "path-" + std::to_string(number));
}

std::set<StorePath> many(int begin, int end) {
  std::set<StorePath> paths;
  for (int number = begin; number < end; ++number) paths.insert(numbered(number));
  return paths;
}

class PathRootsTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  StoreLocation location_ = StoreLocation::at_root(directory_.path());
  std::filesystem::path set_ = location_.state / "gcroots/grange-farm/group/set";
};

TEST_F(PathRootsTest, AreThoseThatWereAddedAndNotRemoved) {
  PathRoots roots(location_, "group", "set", true);
  EXPECT_TRUE(roots.paths().empty());
  roots.add({});
  EXPECT_FALSE(std::filesystem::exists(set_));
  roots.add(many(0, 3));
  roots.add(many(2, 5));
  EXPECT_EQ(roots.paths(), many(0, 5));
  for (int number = 0; number < 3; ++number) roots.remove(numbered(number));
  roots.remove(numbered(0));
  EXPECT_EQ(roots.paths(), many(3, 5));
  EXPECT_EQ(PathRoots::sets(location_, "group"), std::set<std::string>{"set"});
  roots.remove_all();
  EXPECT_TRUE(roots.paths().empty());
}

TEST_F(PathRootsTest, AreLinksOfEarlierVersionsToo) {
  const auto path = numbered(1);
  std::filesystem::create_directories(set_);
  std::filesystem::create_symlink("/nix/store/" + path.base_name(), set_ / path.base_name());
  PathRoots roots(location_, "group", "set");
  roots.add(many(0, 3));
  EXPECT_EQ(roots.paths(), many(0, 3));
  EXPECT_TRUE(std::filesystem::is_symlink(set_ / path.base_name()));
}

TEST_F(PathRootsTest, MayBeMoreThanAFileHasNames) {
  constexpr int kMany = 66'000;  // ext4 gives a file 65,000
  PathRoots roots(location_, "group", "set");
  roots.add(many(0, kMany));
  EXPECT_EQ(roots.paths().size(), std::size_t{kMany});
  struct stat status {};
  ASSERT_EQ(::stat((set_ / numbered(0).base_name()).c_str(), &status), 0);
  EXPECT_GT(status.st_nlink, 1U) << "one file for all costs less";
}

TEST_F(PathRootsTest, CollectorsFindThem) {
  PathRoots(location_, "group", "set").add(many(0, 3));
  std::set<StorePath> found;
  for (const auto& root : find_permanent_roots(location_, false)) found.insert(root.path);
  EXPECT_EQ(found, many(0, 3));
}

}  // namespace
}  // namespace grange
