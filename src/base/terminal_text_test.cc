#include "base/terminal_text.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

TEST(TerminalText, LeavesPlainTextAlone) {
  EXPECT_EQ(plain_line("error: größer than\t3"), "error: größer than\t3");
}

TEST(TerminalText, LeavesOutEscapeSequences) {
  EXPECT_EQ(plain_line("\x1b[01;31merror\x1b[0m: no"), "error: no");
  EXPECT_EQ(plain_line("a\x1b]0;title\a"
                       "b\x1b]8;;http://x\x1b\\c"),
            "abc");
  EXPECT_EQ(plain_line("a\x1b"
                       "Mb"),
            "ab");
}

TEST(TerminalText, AnUnfinishedSequenceTakesTheRest) {
  EXPECT_EQ(plain_line("a\x1b[31"), "a");
  EXPECT_EQ(plain_line("a\x1b]title"), "a");
  EXPECT_EQ(plain_line("a\x1b"), "a");
}

TEST(TerminalText, ACarriageReturnStartsTheLineAnew) {
  EXPECT_EQ(plain_line("10%\r20%\r30%\r"), "30%");
  EXPECT_EQ(plain_line("done\r"), "done");
}

TEST(TerminalText, EscapesOtherControlCharacters) {
  EXPECT_EQ(plain_line("a\x01\x7f"), "a\\x01\\x7f");
}

}  // namespace
}  // namespace grange
