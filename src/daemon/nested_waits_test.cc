#include "daemon/nested_waits.h"

#include <string>

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

StorePath waits_name(char letter) {
  return StorePath::parse(std::string(32, letter) + "-name");
}

class NestedWaitsTest : public testing::Test {
 protected:
  NestedWaits::Id begin(const std::string& names) { return waits_.begin(all(names)); }
  static std::set<StorePath> all(const std::string& letters) {
    std::set<StorePath> paths;
    for (const char letter : letters) paths.insert(waits_name(letter));
    return paths;
  }
  /// Whether it may.
  bool wait(NestedWaits::Id attempt, const std::string& needs) {
    reason_.reset();
    return waits_.wait(attempt, all(needs), reason_).has_value();
  }

  NestedWaits waits_;
  std::optional<StorePath> reason_;
};

TEST_F(NestedWaitsTest, NobodyWaitsForItself) {
  const auto a = begin("ab");
  EXPECT_TRUE(wait(a, "cd"));
  EXPECT_FALSE(wait(a, "db"));
  EXPECT_EQ(reason_, waits_name('b'));
  EXPECT_TRUE(wait(a, "d"));
}

TEST_F(NestedWaitsTest, NorByWayOfOthers) {
  const auto a = begin("a");
  const auto b = begin("b");
  const auto c = begin("c");
  EXPECT_TRUE(wait(a, "xb"));
  EXPECT_TRUE(wait(b, "yc"));
  EXPECT_FALSE(wait(c, "za"));
  EXPECT_EQ(reason_, waits_name('a'));
  EXPECT_TRUE(wait(c, "z"));
  waits_.end(b);
  EXPECT_TRUE(wait(c, "a"));
}

TEST_F(NestedWaitsTest, WhatIsWaitedForMayBeginLater) {
  const auto a = begin("a");
  EXPECT_TRUE(wait(a, "b"));
  const auto b = begin("b");
  EXPECT_FALSE(wait(b, "a"));
  EXPECT_TRUE(wait(b, "c"));
}

TEST_F(NestedWaitsTest, WhoWaitsNoLongerIsInNobodysWay) {
  const auto a = begin("a");
  const auto b = begin("b");
  const auto needs = waits_.wait(a, all("b"), reason_);
  ASSERT_TRUE(needs.has_value());
  EXPECT_FALSE(wait(b, "a"));
  waits_.waited(a, *needs);
  EXPECT_TRUE(wait(b, "a"));
}

TEST_F(NestedWaitsTest, HeldIsWhatAllHaveWhoWait) {
  const auto a = begin("a");
  const auto b = begin("b");
  const auto c = begin("c");
  EXPECT_TRUE(wait(a, "b"));
  EXPECT_TRUE(wait(b, "c"));
  EXPECT_EQ(waits_.held(a), all("a"));
  EXPECT_EQ(waits_.held(c), all("abc"));
}

TEST_F(NestedWaitsTest, DepthIsLimited) {
  std::string names = "abcdfghijklmnpqrsvwxyz";
  for (unsigned depth = 0; depth < NestedWaits::kDeepest; ++depth) {
    EXPECT_TRUE(wait(begin({names[depth]}), {names[depth + 1]}));
  }
  EXPECT_THROW(begin({names[NestedWaits::kDeepest]}), InvalidError);
  EXPECT_NO_THROW(begin("z"));
}

}  // namespace
}  // namespace grange
