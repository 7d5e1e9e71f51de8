#include "base/zstd_dictionary.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

std::string likely_text(int number) {
  return "the quick brown fox number " + std::to_string(number) + " jumps over the lazy dog";
}

TEST(ZstdDictionary, GivesBackWhatWasCompressed) {
  for (const auto& dictionary : {std::string(), likely_text(1), std::string(100'000, 'x')}) {
    ZstdDictionary zstd(dictionary);
    for (const auto& text : {std::string(), likely_text(2), std::string(1 << 20, '\0')}) {
      EXPECT_EQ(zstd.decompress(zstd.compress(text), 1 << 20), text);
    }
  }
}

TEST(ZstdDictionary, MakesWhatIsLikeItSmall) {
  ZstdDictionary with(likely_text(1));
  ZstdDictionary without("");
  EXPECT_LT(with.compress(likely_text(2)).size(), without.compress(likely_text(2)).size() / 2);
}

TEST(ZstdDictionary, RefusesWhatIsTooLargeOrBroken) {
  ZstdDictionary zstd(likely_text(1));
  const auto bomb = zstd.compress(std::string(10 << 20, 'a'));
  EXPECT_LT(bomb.size(), 2000U);
  EXPECT_THROW(zstd.decompress(bomb, (10 << 20) - 1), CorruptError);
  const auto packed = zstd.compress(likely_text(2));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_THROW(zstd.decompress(packed.substr(0, size), 1000), CorruptError) << size;
  }
  EXPECT_THROW(zstd.decompress(packed + "x", 1000), CorruptError);
  EXPECT_THROW(zstd.decompress("this is no zstd at all", 1000), CorruptError);
}

}  // namespace
}  // namespace grange
