#include "command/terminal_output.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

TEST(TerminalOutput, ColoursWhatCameAndWent) {
  EXPECT_EQ(coloured("plain\n"), "plain\n");
  EXPECT_EQ(coloured("  hello-2.10\n"), "\x1b[1m  hello-2.10\x1b[0m\n");
  EXPECT_EQ(coloured("      flags: - a b + c"),
            "      flags: \x1b[31m- a b\x1b[0m \x1b[32m+ c\x1b[0m");
  EXPECT_EQ(coloured("      zlib: 1.2 → 1.3"),
            "      zlib: \x1b[31m1.2\x1b[0m → \x1b[32m1.3\x1b[0m");
  EXPECT_EQ(coloured("      src: strmap (other content)"), "      src: strmap (other content)");
  EXPECT_EQ(coloured("x, SUSPICIOUS: y"), "x, \x1b[33mSUSPICIOUS: y\x1b[0m");
}

TEST(TerminalOutput, NeitherColourNorPagerWithoutATerminal) {
  testing::internal::CaptureStdout();
  print_answer("  a\n", OutputStyle{});
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "  a\n");
}

TEST(TerminalOutput, WhatIsLongerThanTheTerminalIsPaged) {
  testing::internal::CaptureStdout();
  print_answer("a\nb\nc\n", {false, "sed s/^/paged-/", 2});
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "paged-a\npaged-b\npaged-c\n");
  testing::internal::CaptureStdout();
  print_answer("a\n", {false, "sed s/^/paged-/", 2});
  print_answer("a\nb\n", {false, "/no/such/pager 2>/dev/null", 2});
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "a\na\nb\n");
}

}  // namespace
}  // namespace grange
