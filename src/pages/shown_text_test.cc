#include "pages/shown_text.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

TEST(ShownTextTest, TextStays) {
  EXPECT_EQ(shown_text("a <b> & \"c\"\té€😀\n"), "a <b> & \"c\"\té€😀\n");
}

TEST(ShownTextTest, WhatIsNoTextIsReplaced) {
  EXPECT_EQ(shown_text("a\xff"
                       "b\xc3"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
  EXPECT_EQ(shown_text(std::string_view("a\0b\x1b[", 5)),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD[");
  EXPECT_EQ(shown_text("\xed\xa0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(ShownTextTest, NothingTurnsTheDirectionAround) {
  EXPECT_EQ(shown_text("a\u202e"
                       "b\u2067"
                       "c"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD"
            "c");
  EXPECT_EQ(shown_text("\u2013\u2020"), "\u2013\u2020");
}

}  // namespace
}  // namespace grange
