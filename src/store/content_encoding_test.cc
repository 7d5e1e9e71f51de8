#include "store/content_encoding.h"

#include <gtest/gtest.h>

#include "base/compression.h"
#include "base/encoding.h"
#include "base/error.h"

namespace grange {
namespace {

TEST(ContentEncoding, UndoesWhatIsKnown) {
  EXPECT_EQ(decode_content("plain", std::nullopt, 100), "plain");
  EXPECT_EQ(decode_content("plain", "identity", 100), "plain");
  for (const auto& [name, method] : {std::pair("xz", Compression::xz),
                                     {"bzip2", Compression::bzip2},
                                     {"ZSTD", Compression::zstd}}) {
    EXPECT_EQ(decode_content(compress(method, "text"), name, 100), "text") << name;
  }
  const auto twice = compress(Compression::zstd, compress(Compression::xz, "text"));
  EXPECT_EQ(decode_content(twice, "xz, zstd", 1000), "text");
}

TEST(ContentEncoding, ReadsGzipAndBrotli) {
  // printf 'StorePath: x\n' | gzip -n | xxd -p
  const auto gzip =
      base16_decode("1f8b08000000000000030b2ec92f4a0d482cc9b052a8e002000fd7e25a0d000000");
  ASSERT_TRUE(gzip);
  const std::string text(as_text(*gzip));
  EXPECT_EQ(decode_content(text, "gzip", 100), "StorePath: x\n");
  EXPECT_THROW(decode_content(text.substr(0, 20), "gzip", 100), CorruptError);
  EXPECT_THROW(decode_content(text, "gzip", 5), CorruptError);
  EXPECT_THROW(decode_content("no gzip", "gzip", 100), CorruptError);
}

TEST(ContentEncoding, RefusesWhatIsNot) {
  EXPECT_THROW(decode_content("text", "rot13", 100), CorruptError);
  EXPECT_THROW(decode_content("text", "xz", 100), CorruptError);
  EXPECT_THROW(decode_content("text", "br,br,br,br,br,br", 100), CorruptError);
  EXPECT_THROW(decode_content(compress(Compression::xz, std::string(1000, 'a')), "xz", 100),
               CorruptError);
}

}  // namespace
}  // namespace grange
