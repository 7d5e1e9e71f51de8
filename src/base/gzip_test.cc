#include "base/gzip.h"

#include <gtest/gtest.h>

#include "base/compression.h"

namespace grange {
namespace {

TEST(GzipTest, IsReadAgain) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i % 997) + "\n";
  for (const auto& data : {std::string(), std::string("a"), text}) {
    for (const int level : {1, 6, 9}) {
      EXPECT_EQ(decompress(Compression::gzip, gzip(data, level)), data);
    }
  }
  EXPECT_LT(gzip(text).size(), text.size() / 5);
}

}  // namespace
}  // namespace grange
