#include "base/text.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

using Views = std::vector<std::string_view>;

TEST(TextTest, SplitsAndJoins) {
  EXPECT_EQ(split("a,,b,", ','), (Views{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (Views{""}));
  EXPECT_EQ(split_words("  a\tb \n"), (Views{"a", "b"}));
  EXPECT_EQ(split_words(" \n"), Views{});
  EXPECT_EQ(trim(" a b\n"), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(join({}, ", "), "");
}

TEST(TextTest, ReplacesWithoutRunningIntoItself) {
  EXPECT_EQ(replace_all("aXbX", "X", "XX"), "aXXbXX");
  EXPECT_EQ(replace_all("aaa", "aa", "b"), "ba");
  EXPECT_EQ(replace_all("abc", "x", "y"), "abc");
}

TEST(TextTest, ParsesWholeNumbersOnly) {
  EXPECT_EQ(parse_number("0"), 0U);
  EXPECT_EQ(parse_number("18446744073709551615"), 18446744073709551615U);
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616", "1.0"}) {
    EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
  }
}

TEST(TextTest, KnowsUtf8) {
  for (const char* good : {"", "plain", "grün", "\xf0\x9f\x8c\xbe", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xff"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

TEST(TextTest, WritesNumbersForPeople) {
  EXPECT_EQ(format_bytes(17), "17 B");
  EXPECT_EQ(format_bytes(1'200), "1.2 kB");
  EXPECT_EQ(format_bytes(340'000), "340 kB");
  EXPECT_EQ(format_bytes(1'234'000'000), "1.2 GB");
  EXPECT_EQ(format_duration(0.34), "0.3 s");
  EXPECT_EQ(format_duration(42), "42 s");
  EXPECT_EQ(format_duration(185), "3 min 5 s");
  EXPECT_EQ(format_duration(2 * 3600 + 7 * 60), "2 h 7 min");
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1'234'567), "1,234,567");
  EXPECT_EQ(plural(1, "target"), "1 target");
  EXPECT_EQ(plural(2'000, "target"), "2,000 targets");
}

TEST(TextTest, TerminalsAreNotDriven) {
  EXPECT_EQ(printable("a\x1b[31mb\n\tc\x7f"), "a\\x1b[31mb\n\tc\\x7f");
  EXPECT_EQ(printable("grün, 😀"), "grün, 😀");
  EXPECT_EQ(printable("a\xc2\x9b\xff\xc3("), "a\\xc2\\x9b\\xff\\xc3(");
}

}  // namespace
}  // namespace grange
