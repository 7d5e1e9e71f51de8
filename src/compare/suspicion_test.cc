#include "compare/suspicion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace grange {
namespace {

using testing::ElementsAre;

bool suspicious(const char* field, const char* base, const char* head) {
  return is_suspicious({{field, base, head}});
}

TEST(Suspicion, FindsVersionsInUrlsAndNames) {
  EXPECT_THAT(version_parts("http://10.0.0.1/zlib-1.2.8.tar.gz"), ElementsAre("1.2.8"));
  EXPECT_THAT(version_parts("mirror://gnu/gmp/6.0/gmp-6.0.0a.tar.bz2"),
              ElementsAre("6.0", "6.0.0"));
  EXPECT_THAT(version_parts("gmp-5.tar"), ElementsAre());
  EXPECT_THAT(version_parts("http://host-1.2"), ElementsAre());
}

TEST(Suspicion, AnotherMirrorIsHarmless) {
  EXPECT_FALSE(suspicious("env.urls", "http://a.org/zlib-1.2.8.tar.gz",
                          "http://b.org/zlib-1.2.8.tar.gz http://a.org/zlib-1.2.8.tar.gz"));
  EXPECT_FALSE(suspicious("env.url", "http://a.org/zlib-1.2.8.tar.gz",
                          "https://a.org/old/zlib-1.2.8.tar.gz"));
  EXPECT_FALSE(suspicious("env.curlOpts", "-v1.2", "-v1.3"));
  EXPECT_FALSE(is_suspicious({{"env.urls", std::nullopt, "http://a.org/zlib-1.2.8.tar.gz"}}));
}

TEST(Suspicion, AnotherVersionIsNot) {
  EXPECT_TRUE(
      suspicious("env.urls", "http://a.org/zlib-1.2.8.tar.gz", "http://a.org/zlib-1.2.9.tar.gz"));
  EXPECT_TRUE(suspicious("env.url", "http://a.org/zlib.tar.gz", "http://a.org/1.3/zlib.tar.gz"));
  EXPECT_TRUE(suspicious("name", "zlib-1.2.8.tar.gz", "zlib-1.2.9.tar.gz"));
  EXPECT_TRUE(suspicious("env.rev", "v1", "v2"));
}

}  // namespace
}  // namespace grange
