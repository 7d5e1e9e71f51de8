#include "pages/text_difference.h"

#include <random>

#include <gtest/gtest.h>

namespace grange {
namespace {

using Kind = DifferenceLine::Kind;

/// " kept", "-removed", "+added", "@3" for lines left out; changed words in brackets.
std::string shown(std::string_view base, std::string_view head, std::size_t context = 3) {
  std::string text;
  for (const auto& line : text_difference(base, head, context)) {
    if (line.kind == Kind::left_out) {
      text += "@" + std::to_string(line.count) + "\n";
      continue;
    }
    text += line.kind == Kind::kept ? ' ' : line.kind == Kind::removed ? '-' : '+';
    for (const auto& span : line.spans) text += span.changed ? "[" + span.text + "]" : span.text;
    text += "\n";
  }
  return text;
}

TEST(TextDifference, MarksTheWordsThatDiffer) {
  EXPECT_EQ(shown("make -j4 install", "make -j8 install"),
            "-make [-j4] install\n+make [-j8] install\n");
  EXPECT_EQ(shown("a\nold one\nz", "a\nnew one\nz"), " a\n-[old] one\n+[new] one\n z\n");
  EXPECT_EQ(shown("url=https://a.org/x.tar", "url=https://b.org/x.tar"),
            "-url=https://[a.org]/x.tar\n+url=https://[b.org]/x.tar\n");
}

TEST(TextDifference, LinesWithNothingInCommonAreWhole) {
  EXPECT_EQ(shown("entirely", "different"), "-entirely\n+different\n");
  EXPECT_EQ(shown("", "a\nb"), "+a\n+b\n");
  EXPECT_EQ(shown("a\n", ""), "-a\n");
  EXPECT_EQ(shown("same", "same"), " same\n");
}

TEST(TextDifference, LeavesOutWhatIsFarFromIt) {
  EXPECT_EQ(shown("1\n2\n3\n4\n5\n6\n7\nold\n8\n9\n10\n11\n12",
                  "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12", 2),
            "@5\n 6\n 7\n-old\n 8\n 9\n@3\n");
  EXPECT_EQ(shown("1\nx\n2\n3\n4\ny", "1\n2\n3\n4", 1), " 1\n-x\n 2\n 3\n 4\n-y\n");
}

TEST(TextDifference, SaysBothTextsWhateverTheyAre) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const auto some = [&] {
      std::string text;
      for (auto i = random() % 12; i > 0; --i) text += std::string(1, "abc d"[random() % 5]) + "\n";
      return text;
    };
    const auto base = some();
    const auto head = some();
    std::string old_text, new_text;
    for (const auto& line : text_difference(base, head, 100)) {
      if (line.kind == Kind::left_out) continue;
      if (line.kind != Kind::added) old_text += line.text() + "\n";
      if (line.kind != Kind::removed) new_text += line.text() + "\n";
    }
    if (base == head) continue;
    EXPECT_EQ(old_text, base);
    EXPECT_EQ(new_text, head);
  }
}

}  // namespace
}  // namespace grange
