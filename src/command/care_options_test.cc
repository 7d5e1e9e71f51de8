#include "command/care_options.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

TEST(CareOptionsTest, NumbersOfBytes) {
  EXPECT_EQ(parse_byte_count("500"), 500U);
  EXPECT_EQ(parse_byte_count("0"), 0U);
  EXPECT_EQ(parse_byte_count("20k"), 20U << 10);
  EXPECT_EQ(parse_byte_count("20K"), 20U << 10);
  EXPECT_EQ(parse_byte_count("1.5M"), 3U << 19);
  EXPECT_EQ(parse_byte_count("2GiB"), std::uint64_t{2} << 30);
  EXPECT_EQ(parse_byte_count("3TB"), std::uint64_t{3} << 40);
  for (const char* text : {"", "G", "-1", "1X", "1.2.3", "1 G", "99999999T", "1kk"}) {
    EXPECT_THROW(parse_byte_count(text), InvalidError) << text;
  }
}

TEST(CareOptionsTest, Ages) {
  using std::chrono::hours;
  EXPECT_EQ(parse_age("30d"), hours(720));
  EXPECT_EQ(parse_age("30"), hours(720));
  EXPECT_EQ(parse_age("2w"), hours(336));
  EXPECT_EQ(parse_age("12h"), hours(12));
  for (const char* text : {"", "d", "-1d", "1y", "1.5d", "9999999d"}) {
    EXPECT_THROW(parse_age(text), InvalidError) << text;
  }
}

}  // namespace
}  // namespace grange
