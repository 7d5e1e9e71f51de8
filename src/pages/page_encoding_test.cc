#include "pages/page_encoding.h"

#include <gtest/gtest.h>

#include "base/compression.h"

namespace grange {
namespace {

ServerRequest request(const char* accepted) {
  ServerRequest made;
  if (accepted != nullptr) made.headers.set("Accept-Encoding", accepted);
  return made;
}

TEST(PageEncodingTest, WhoTakesGzip) {
  EXPECT_TRUE(takes_gzip(request("gzip, deflate, br, zstd")));
  EXPECT_TRUE(takes_gzip(request("br ;q=1, gzip;q=0.5")));
  EXPECT_FALSE(takes_gzip(request("gzip;q=0, br")));
  EXPECT_FALSE(takes_gzip(request("gzip; q=0.00")));
  EXPECT_FALSE(takes_gzip(request("br, x-gzipped")));
  EXPECT_FALSE(takes_gzip(request("")));
  EXPECT_FALSE(takes_gzip(request(nullptr)));
}

TEST(PageEncodingTest, OnlyWhatIsWorthIt) {
  ServerResponse small;
  small.body = std::string("a page");
  encode_for(request("gzip"), small);
  EXPECT_EQ(small.headers.find("Content-Encoding"), nullptr);

  ServerResponse large;
  large.body = std::string(5000, 'a');
  encode_for(request("br"), large);
  EXPECT_EQ(std::get<std::string>(large.body).size(), 5000U);
  encode_for(request("gzip"), large);
  EXPECT_EQ(*large.headers.find("Content-Encoding"), "gzip");
  EXPECT_EQ(decompress(Compression::gzip, std::get<std::string>(large.body)),
            std::string(5000, 'a'));
}

}  // namespace
}  // namespace grange
