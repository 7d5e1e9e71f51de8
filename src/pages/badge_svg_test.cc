#include "pages/badge_svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace grange {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(BadgeSvgTest, SaysTheLabelAndTheWord) {
  const auto svg = badge_svg("hello", badge_word(Outcome::good));
  EXPECT_THAT(svg, HasSubstr("<title>hello: good</title>"));
  EXPECT_THAT(svg, HasSubstr(">hello</text>"));
  EXPECT_THAT(svg, HasSubstr(">good</text>"));
}

TEST(BadgeSvgTest, EveryOutcomeHasAWord) {
  EXPECT_EQ(badge_word(std::nullopt).word, "no builds");
  EXPECT_EQ(badge_word(Outcome::dependency_failed).word, "dependency failed");
  EXPECT_NE(badge_word(Outcome::aborted).colour, badge_word(Outcome::failed).colour);
  EXPECT_NE(badge_word(Outcome::good).colour, badge_word(Outcome::failed).colour);
}

TEST(BadgeSvgTest, HostileLabelsAreOnlyText) {
  const auto svg = badge_svg("<script>\"&'", badge_word(Outcome::good));
  EXPECT_THAT(svg, Not(HasSubstr("<script>")));
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;&quot;&amp;"));
}

TEST(BadgeSvgTest, LongLabelsAreCutAtWholeLetters) {
  std::string label;
  for (int i = 0; i < 100; ++i) label += "ä";
  const auto svg = badge_svg(label, badge_word(Outcome::good));
  EXPECT_THAT(svg, HasSubstr("ä…</text>"));
  EXPECT_THAT(svg, Not(HasSubstr(label)));
}

}  // namespace
}  // namespace grange
