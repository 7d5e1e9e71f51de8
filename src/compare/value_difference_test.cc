#include "compare/value_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace grange {
namespace {

using testing::ElementsAre;

constexpr std::string_view kStore = "/nix/store";
const std::string kZlib = "/nix/store/00000000000000000000000000000000-zlib-1.2.8";
const std::string kOtherZlib = "/nix/store/11111111111111111111111111111111-zlib-1.2.8";
const std::string kNewZlib = "/nix/store/22222222222222222222222222222222-zlib-1.3";

std::string line(const char* field, std::optional<std::string> base,
                 std::optional<std::string> head) {
  return difference_line(kStore, {field, std::move(base), std::move(head)});
}

TEST(ValueDifference, TellsWordsThatCameAndWent) {
  EXPECT_THAT(value_difference("a b c", "a b c"), ElementsAre());
  EXPECT_THAT(value_difference("a b c", "a c"), ElementsAre(ValuePiece{false, "b"}));
  EXPECT_THAT(value_difference("a c", "a x y c z"),
              ElementsAre(ValuePiece{true, "x y"}, ValuePiece{true, "z"}));
  EXPECT_THAT(value_difference("", "a"), ElementsAre(ValuePiece{true, "a"}));
  EXPECT_THAT(value_difference("a b c d", "b x d"),
              ElementsAre(ValuePiece{false, "a"}, ValuePiece{false, "c"}, ValuePiece{true, "x"}));
}

TEST(ValueDifference, TellsLinesWhereThereAreSeveral) {
  EXPECT_THAT(value_difference("make all\nmake install\n", "make all\nmake check\nmake install\n"),
              ElementsAre(ValuePiece{true, "make check"}));
}

TEST(ValueDifference, IsBoundedForWhatIsLongAndDifferent) {
  std::string base, head;
  for (int i = 0; i < 50'000; ++i) {
    base += "b" + std::to_string(i) + " ";
    head += "h" + std::to_string(i) + " ";
  }
  EXPECT_EQ(value_difference("first " + base, "first " + head).size(), 2U);
}

TEST(ValueDifference, ShowsPathsByName) {
  EXPECT_EQ(with_paths_by_name(kStore, kZlib + "/lib:" + kNewZlib), "zlib-1.2.8/lib:zlib-1.3");
  EXPECT_EQ(with_paths_by_name(kStore, "/nix/store/short"), "/nix/store/short");
  EXPECT_EQ(with_paths_by_name(kStore, "/nix/store/"), "/nix/store/");
  EXPECT_EQ(with_paths_by_name(kStore, "/nix/store"), "/nix/store");
}

TEST(DifferenceLine, SaysWhatChanged) {
  EXPECT_EQ(line("env.configureFlags", "--a --b", "--a --b --without-legacy"),
            "configureFlags: + --without-legacy");
  EXPECT_EQ(line("env.configureFlags", "--a --b --c --d", "--b --c --e"),
            "configureFlags: - --a - --d + --e");
  EXPECT_EQ(line("args", "-c\necho a b c", "-c\necho a b c -v"), "args: + -v");
  EXPECT_EQ(line("args", "-e\nold.sh", "-e\nnew.sh"), "args: old.sh → new.sh");
  EXPECT_EQ(line("name", "rustc-1.88", "rustc-1.89"), "1.88 → 1.89");
  EXPECT_EQ(line("name", "rustc-1.88", "rust-1.89"), "name: rustc-1.88 → rust-1.89");
  EXPECT_EQ(line("env.patches", std::nullopt, kZlib), "patches: + zlib-1.2.8");
  EXPECT_EQ(line("env.patches", "fix", std::nullopt), "patches: - fix");
  EXPECT_EQ(line("inputs", "zlib-1.2.8", "zlib-ng-2.0"), "inputs: zlib-1.2.8 → zlib-ng-2.0");
  EXPECT_EQ(line("env.zlib", kZlib, kNewZlib), "zlib: zlib-1.2.8 → zlib-1.3");
  EXPECT_EQ(line("env.zlib", kZlib, kOtherZlib), "zlib: zlib-1.2.8 (other content)");
  EXPECT_EQ(
      line("sources", "00000000000000000000000000000000-a.sh\n00000000000000000000000000000000-src",
           "00000000000000000000000000000000-a.sh\n11111111111111111111111111111111-src"),
      "sources: src (other content)");
  EXPECT_EQ(line("env.x", "a  b", "a b"), "x: (only white space differs)");
}

TEST(DifferenceLine, IsBoundedAndStaysValidText) {
  const std::string text =
      difference_line(kStore, {"env.x", std::nullopt, std::string(199, 'a') + "\u00e4\u00e4"}, 200);
  EXPECT_EQ(text, "x: + " + std::string(199, 'a') + "…");
}

}  // namespace
}  // namespace grange
