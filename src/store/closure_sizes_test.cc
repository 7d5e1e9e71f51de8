#include <vector>

#include "store/store_test_support.h"

namespace grange {
namespace {

class ClosureSizesTest : public StoreTest {
 protected:
  StorePath add_sized(std::string_view name, std::uint64_t size,
                      const std::set<StorePath>& references = {}, bool to_itself = false) {
    auto info = info_of(path(name), "", references);
    info.nar_size = size;
    if (to_itself) info.references.insert(info.path);
    write_file(store().real_path(info.path), "");
    store().register_valid({info});
    return info.path;
  }
};

TEST_F(ClosureSizesTest, CountEveryPathOnce) {
  const auto libc = add_sized("libc", 1000, {}, true);
  const auto zlib = add_sized("zlib", 100, {libc});
  const auto git = add_sized("git", 10, {libc, zlib});
  const auto doc = add_sized("git-doc", 5);
  const auto sizes = store().closure_sizes({{git}, {zlib}, {git, doc}, {zlib}, {libc, git}});
  ASSERT_EQ(sizes.size(), 5U);
  EXPECT_EQ(sizes[0], 1110U);
  EXPECT_EQ(sizes[1], 1100U);
  EXPECT_EQ(sizes[2], 1115U);
  EXPECT_EQ(sizes[3], 1100U);
  EXPECT_EQ(sizes[4], 1110U);
}

TEST_F(ClosureSizesTest, AreUnknownWhereAnythingAskedForIsNotValid) {
  const auto libc = add_sized("libc", 1000);
  const auto sizes = store().closure_sizes({{libc, path("gone")}, {path("gone")}, {}, {libc}});
  ASSERT_EQ(sizes.size(), 4U);
  EXPECT_FALSE(sizes[0]);
  EXPECT_FALSE(sizes[1]);
  EXPECT_FALSE(sizes[2]);
  EXPECT_EQ(sizes[3], 1000U);
}

}  // namespace
}  // namespace grange
