#include "evaluate/nix_message.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace grange {
namespace {

// What nix 2.8.0 wrote for these mistakes.
TEST(NixMessage, KeepsMessageAndPosition) {
  EXPECT_EQ(nix_error_message("error: cannot add a string to an integer\n\n"
                              "       at /x/bad.nix:3:14:\n\n"
                              "            2|   deep = 1;\n"
                              "            3|   type = 1 + \"x\";\n"
                              "             |              ^\n"
                              "            4|   missing = {}.foo;\n"),
            "cannot add a string to an integer\nat /x/bad.nix:3:14");
  EXPECT_EQ(nix_error_message("error: not today\n       second line\n"), "not today\nsecond line");
}

TEST(NixMessage, LeavesTracesAndWarningsOut) {
  EXPECT_EQ(nix_error_message("warning: old syntax\ntrace: error: no\nerror: yes\n"), "yes");
  EXPECT_EQ(nix_error_message("trace: two\nerror: lines of a trace\ntrace: x\nerror: yes\n"),
            "yes");
  EXPECT_EQ(nix_error_message("error: deep\n\n       … while evaluating 'f'\n\n"
                              "       at /x/bad.nix:2:18:\n\n            1| { }\n"),
            "deep");
  EXPECT_EQ(nix_error_message("trace: nothing wrong\n"), "");
}

// As nix 2.20 and later write it.
TEST(NixMessage, ReadsTheNewerOrder) {
  EXPECT_EQ(nix_error_message("error:\n       … while calling the 'throw' builtin\n"
                              "         at «string»:1:1:\n            1| throw \"x\"\n"
                              "             | ^\n\n       error: x\n"),
            "x");
}

TEST(NixMessage, LeavesPositionsInTheWalkerOut) {
  EXPECT_EQ(nix_error_message("error: 'f' called without argument 'a'\n\n"
                              "       at /private/walker.nix:19:14:\n\n           18|  x\n",
                              "/private/walker.nix"),
            "'f' called without argument 'a'");
}

TEST(NixMessage, IsPlainBoundedUtf8) {
  EXPECT_EQ(nix_error_message("\x1b[31;1merror:\x1b[0m a\xff\x1b[35mb\n"),
            "a\xef\xbf\xbd"
            "b");
  const std::string long_message = nix_error_message("error: " + std::string(100000, 'x') + "\n");
  EXPECT_EQ(long_message.size(), 8192U);
  EXPECT_TRUE(long_message.ends_with(" …"));
  std::string umlauts = "error: ";
  for (int i = 0; i < 20000; ++i) umlauts += "ü";
  EXPECT_TRUE(is_utf8(nix_error_message(umlauts)));
}

TEST(NixMessage, MakesUtf8) {
  EXPECT_EQ(to_utf8("gr\xc3\xbcn"), "gr\xc3\xbcn");
  EXPECT_EQ(to_utf8("\xc3"), "\xef\xbf\xbd");
  EXPECT_EQ(to_utf8("a\x80\xc3\xbc"), "a\xef\xbf\xbd\xc3\xbc");
  EXPECT_EQ(to_utf8("\xed\xa0\x80").size() % 3, 0U);
}

}  // namespace
}  // namespace grange
