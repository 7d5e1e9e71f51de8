#include "pages/step_axis.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

TimePoint at(int seconds) {
  return TimePoint(std::chrono::seconds(1'000'000 + seconds));
}

TEST(StepAxis, GoesFromTheFirstBeginningToTheLastEnd) {
  const StepAxis axis({{at(10), at(20)}, {at(0), at(40)}, {at(30), at(40)}});
  EXPECT_EQ(axis.seconds(), 40);
  EXPECT_EQ(axis.bar({at(10), at(20)}).begin, 250);
  EXPECT_EQ(axis.bar({at(10), at(20)}).width, 250);
  EXPECT_EQ(axis.bar({at(0), at(40)}).width, 1000);
}

TEST(StepAxis, WhatIsShortCanStillBeSeen) {
  const StepAxis axis({{at(0), at(10'000)}, {at(10'000), at(10'000)}});
  const auto bar = axis.bar({at(10'000), at(10'000)});
  EXPECT_GT(bar.width, 0);
  EXPECT_EQ(bar.begin + bar.width, 1000);
  const StepAxis instant({{at(5), at(5)}});
  EXPECT_EQ(instant.bar({at(5), at(5)}).begin, 0);
  EXPECT_TRUE(instant.ticks().empty());
  EXPECT_TRUE(StepAxis({}).ticks().empty());
}

TEST(StepAxis, TicksAreAtRoundTimes) {
  const auto ticks = StepAxis({{at(0), at(100)}}).ticks();
  ASSERT_EQ(ticks.size(), 4U);
  EXPECT_EQ(ticks[0].text, "0");
  EXPECT_EQ(ticks[1].text, "30 s");
  EXPECT_EQ(ticks[1].at, 300);
  for (const int seconds : {1, 7, 59, 3'000, 90'000, 5'000'000}) {
    const auto some = StepAxis({{at(0), at(seconds)}}).ticks();
    EXPECT_GE(some.size(), 2U) << seconds;
    EXPECT_LE(some.size(), 6U) << seconds;
  }
}

}  // namespace
}  // namespace grange
