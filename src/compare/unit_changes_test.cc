#include "compare/unit_changes.h"

#include <string>

#include <gtest/gtest.h>

namespace grange {
namespace {

/// " " for what is kept, "-" for what is removed, "+" for what is added, each before its unit.
std::string told(const std::vector<std::string_view>& base,
                 const std::vector<std::string_view>& head) {
  std::string text;
  for (const auto& change : unit_changes(base, head)) {
    text += " -+"[static_cast<int>(change.kind)];
    text += change.unit;
  }
  return text;
}

TEST(UnitChangesTest, TellsWhatIsRemovedBeforeWhatIsAdded) {
  EXPECT_EQ(told({}, {}), "");
  EXPECT_EQ(told({"a", "b", "c"}, {"a", "b", "c"}), " a b c");
  EXPECT_EQ(told({"a", "b", "c"}, {"a", "x", "c"}), " a-b+x c");
  EXPECT_EQ(told({"a", "a"}, {"a"}), " a-a");
  EXPECT_EQ(told({"b", "c"}, {"a", "b", "d", "c", "e"}), "+a b+d c+e");
}

TEST(UnitChangesTest, WhatIsVeryLongAndVeryDifferentIsToldWhole) {
  std::vector<std::string_view> base(3000, "x");
  std::vector<std::string_view> head(3000, "y");
  base.front() = head.front() = "begin";
  base[1000] = head[2000] = "common";
  const auto changes = unit_changes(base, head);
  ASSERT_EQ(changes.size(), 1U + 2 * 2999);
  EXPECT_EQ(changes.front().kind, UnitChange::Kind::kept);
  EXPECT_EQ(changes[2999].kind, UnitChange::Kind::removed);
  EXPECT_EQ(changes[3000].kind, UnitChange::Kind::added);
}

}  // namespace
}  // namespace grange
