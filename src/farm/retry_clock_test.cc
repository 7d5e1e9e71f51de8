#include "farm/retry_clock.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

constexpr TimePoint kRetryNoon{std::chrono::hours(1'000'000)};

TEST(RetryClock, PausesGrow) {
  const RetryClock clock;
  EXPECT_EQ(clock.pause(0), Seconds(60));
  EXPECT_EQ(clock.pause(1), Seconds(180));
  EXPECT_EQ(clock.pause(3), Seconds(1620));
  EXPECT_EQ(clock.pause(1'000'000), clock.pause(5));
}

TEST(RetryClock, IsDueWhenItsPauseIsOver) {
  const RetryClock clock;
  EXPECT_FALSE(clock.is_due(kRetryNoon + std::chrono::seconds(1), kRetryNoon));
  EXPECT_TRUE(clock.is_due(kRetryNoon, kRetryNoon));
}

TEST(RetryClock, AClockThatJumpsHoldsNothingUp) {
  const RetryClock clock;
  const auto at = kRetryNoon + std::chrono::seconds(60);
  EXPECT_TRUE(clock.is_due(at, kRetryNoon + std::chrono::hours(24 * 365)));
  EXPECT_TRUE(clock.is_due(at, kRetryNoon - std::chrono::hours(24)));
  EXPECT_FALSE(clock.is_due(at, kRetryNoon - std::chrono::minutes(10)));
}

}  // namespace
}  // namespace grange
