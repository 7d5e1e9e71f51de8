#include "command/svg_text.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace grange {
namespace {

TEST(SvgText, MarkupAndWhatXmlCannotHoldAreEscaped) {
  EXPECT_EQ(xml_text("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(xml_text("é → 日本"), "é → 日本");
  EXPECT_EQ(xml_text(std::string_view("\0\x1b[31m", 6)), "\\x00\\x1b[31m");
  EXPECT_EQ(xml_text("\xff"), "\\xff");
  EXPECT_EQ(xml_text("\xef\xbf\xbe"), "\\xef\\xbf\\xbe");
}

TEST(SvgText, WidthsGrowWithTextSizeAndWeight) {
  EXPECT_EQ(estimated_text_width("", 13), 0);
  EXPECT_LT(estimated_text_width("iii", 13), estimated_text_width("mmm", 13));
  EXPECT_LT(estimated_text_width("name", 11), estimated_text_width("name", 13));
  EXPECT_LT(estimated_text_width("name", 13), estimated_text_width("name", 13, true));
}

TEST(SvgText, LongTextLosesItsMiddle) {
  EXPECT_EQ(shortened_in_middle("short", 200, 13), "short");
  const std::string name = "python3.11-a-name-that-goes-on-and-on-for-ever-1.2.3";
  const auto shown = shortened_in_middle(name, 150, 13);
  EXPECT_LE(estimated_text_width(shown, 13), 150);
  EXPECT_TRUE(shown.starts_with("python3.11")) << shown;
  EXPECT_TRUE(shown.ends_with("-1.2.3")) << shown;
  EXPECT_NE(shown.find("…"), std::string::npos);
}

TEST(SvgText, CharactersAreNotCutInPieces) {
  const std::string text = "日本語日本語日本語日本語日本語日本語";
  for (double width = 0; width < 250; width += 3) {
    EXPECT_TRUE(is_utf8(shortened_in_middle(text, width, 13))) << width;
  }
  EXPECT_EQ(shortened_in_middle("abc", 1, 13), "…");
}

}  // namespace
}  // namespace grange
