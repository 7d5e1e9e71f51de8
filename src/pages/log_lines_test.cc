#include "pages/log_lines.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

using Spans = std::vector<LogSpan>;

TEST(LogLinesTest, ColoursBecomeStyles) {
  EXPECT_EQ(log_spans("plain"), (Spans{{"", "plain"}}));
  EXPECT_EQ(log_spans("a\x1b[1;31merror:\x1b[0m b"),
            (Spans{{"", "a"}, {"bold red", "error:"}, {"", " b"}}));
  EXPECT_EQ(log_spans("\x1b[92mok\x1b[39m."), (Spans{{"green", "ok"}, {"", "."}}));
}

TEST(LogLinesTest, OtherSequencesAreLeftOut) {
  EXPECT_EQ(log_spans("\x1b]0;title\x07"
                      "a\x1b[2Kb\x1b"
                      "7c\x08"),
            (Spans{{"", "abc"}}));
  EXPECT_EQ(log_spans("a\x1b["), (Spans{{"", "a"}}));
  EXPECT_EQ(log_spans("a\x1b"), (Spans{{"", "a"}}));
}

TEST(LogLinesTest, ACarriageReturnBeginsTheLineAnew) {
  EXPECT_EQ(log_spans("10 %\r50 %\r100 %\r"), (Spans{{"", "100 %"}}));
}

}  // namespace
}  // namespace grange
