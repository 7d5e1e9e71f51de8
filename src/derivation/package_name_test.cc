#include "derivation/package_name.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

TEST(PackageName, EndsWhereTheVersionBegins) {
  EXPECT_EQ(package_name("zlib-1.2.8"), "zlib");
  EXPECT_EQ(package_name("zlib-1.2.8.tar.gz"), "zlib");
  EXPECT_EQ(package_name("gcc-wrapper-4.8.4"), "gcc-wrapper");
  EXPECT_EQ(package_name("389-ds-base-1.3.3.9"), "389-ds-base");
  EXPECT_EQ(package_name("hello"), "hello");
  EXPECT_EQ(package_name("builder.sh"), "builder.sh");
  EXPECT_EQ(package_name("foo-"), "foo-");
  EXPECT_EQ(package_name("-1"), "-1");
  EXPECT_EQ(package_name(""), "");
}

}  // namespace
}  // namespace grange
