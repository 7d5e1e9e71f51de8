#include "farm/failure_lifetimes.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

TEST(FailureLifetimes, BelieveEachClassForAsLongAsIsSaid) {
  const TimePoint then(std::chrono::seconds(1'700'000'000));
  const auto after = [&](std::chrono::hours time) { return then + time; };
  FailureLifetimes lifetimes;
  EXPECT_TRUE(lifetimes.is_believed(Outcome::failed, then, after(std::chrono::hours(29 * 24))));
  EXPECT_FALSE(lifetimes.is_believed(Outcome::failed, then, after(std::chrono::hours(31 * 24))));
  EXPECT_FALSE(lifetimes.is_believed(Outcome::timed_out, then, after(std::chrono::hours(25))));
  EXPECT_FALSE(lifetimes.is_believed(Outcome::hash_mismatch, then, after(std::chrono::hours(7))));
  EXPECT_TRUE(
      lifetimes.is_believed(Outcome::dependency_failed, then, after(std::chrono::hours(5))));
  EXPECT_FALSE(
      lifetimes.is_believed(Outcome::dependency_failed, then, after(std::chrono::hours(7))));
  lifetimes.set_for_ever("failed");
  EXPECT_TRUE(lifetimes.is_believed(Outcome::failed, then, after(std::chrono::hours(100'000))));
  lifetimes.set("timed out", Seconds(10));
  EXPECT_TRUE(lifetimes.is_believed(Outcome::timed_out, then, then + std::chrono::seconds(10)));
  EXPECT_FALSE(lifetimes.is_believed(Outcome::timed_out, then, then + std::chrono::seconds(11)));
}

TEST(FailureLifetimes, RefuseWhatDoesNotLast) {
  FailureLifetimes lifetimes;
  EXPECT_THROW(lifetimes.set("aborted", Seconds(1)), InvalidError);
  EXPECT_THROW(lifetimes.set("good", Seconds(1)), InvalidError);
  EXPECT_THROW(lifetimes.set("", Seconds(1)), InvalidError);
  EXPECT_THROW(lifetimes.set("failed", Seconds(-1)), InvalidError);
  EXPECT_THROW(lifetimes.set_for_ever("cancelled"), InvalidError);
}

}  // namespace
}  // namespace grange
