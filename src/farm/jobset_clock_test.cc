#include "farm/jobset_clock.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

constexpr TimePoint kNoon{std::chrono::hours(12)};

Jobset checked_jobset(JobsetState state, std::chrono::seconds ago) {
  Jobset jobset;
  jobset.id = 1;
  jobset.settings.state = state;
  jobset.settings.check_interval = 300;
  jobset.status.last_checked = kNoon - ago;
  return jobset;
}

TEST(JobsetClock, IsDueWhenItsIntervalHasPassed) {
  EXPECT_FALSE(is_due(checked_jobset(JobsetState::on, std::chrono::seconds(299)), kNoon));
  EXPECT_TRUE(is_due(checked_jobset(JobsetState::on, std::chrono::seconds(300)), kNoon));
  EXPECT_FALSE(is_due(checked_jobset(JobsetState::off, std::chrono::seconds(3000)), kNoon));
}

TEST(JobsetClock, NeverLookedAtIsDue) {
  Jobset jobset;
  EXPECT_TRUE(is_due(jobset, kNoon));
  jobset.settings.check_interval = 0;
  EXPECT_FALSE(is_due(jobset, kNoon));
  jobset.status.triggered = kNoon;
  EXPECT_TRUE(is_due(jobset, kNoon));
}

TEST(JobsetClock, ADisabledProjectStopsEvenWhatIsAskedFor) {
  auto jobset = checked_jobset(JobsetState::on, std::chrono::seconds(900));
  jobset.status.triggered = kNoon;
  jobset.project_enabled = false;
  EXPECT_FALSE(is_due(jobset, kNoon));
}

TEST(JobsetClock, WhatIsOffIsEvaluatedWhereSomebodyForcesIt) {
  auto jobset = checked_jobset(JobsetState::off, std::chrono::seconds(900));
  jobset.status.triggered = kNoon;
  EXPECT_FALSE(is_due(jobset, kNoon));
  jobset.status.forced = true;
  EXPECT_TRUE(is_due(jobset, kNoon));
}

TEST(JobsetClock, OneShotIsDueAtOnceWhateverItsInterval) {
  auto jobset = checked_jobset(JobsetState::one_shot, std::chrono::seconds(1));
  EXPECT_TRUE(is_due(jobset, kNoon));
  jobset.status.evaluating = kNoon;
  EXPECT_FALSE(is_due(jobset, kNoon));
}

TEST(JobsetClock, OneAtATimeWaitsForItsBuildsUnlessItIsAskedFor) {
  auto jobset = checked_jobset(JobsetState::one_at_a_time, std::chrono::seconds(900));
  jobset.status.queued_builds = 1;
  EXPECT_FALSE(is_due(jobset, kNoon));
  jobset.status.triggered = kNoon;
  EXPECT_TRUE(is_due(jobset, kNoon));
  jobset.status.triggered.reset();
  jobset.status.queued_builds = 0;
  EXPECT_TRUE(is_due(jobset, kNoon));
}

TEST(JobsetClock, AClockThatWentBackDoesNotStopAJobset) {
  EXPECT_TRUE(is_due(checked_jobset(JobsetState::on, -std::chrono::hours(24)), kNoon));
}

TEST(JobsetClock, AClockThatWentForwardsAsksOnce) {
  auto jobset = checked_jobset(JobsetState::on, std::chrono::seconds(1));
  const auto later = kNoon + std::chrono::hours(24 * 365);
  EXPECT_TRUE(is_due(jobset, later));
  jobset.status.last_checked = later;
  EXPECT_FALSE(is_due(jobset, later));
  EXPECT_TRUE(is_due(jobset, kNoon)) << "and when it is set right again";
}

TEST(JobsetClock, WhatWasAskedForGoesFirst) {
  auto asked = checked_jobset(JobsetState::on, std::chrono::seconds(1));
  asked.id = 9;
  asked.status.triggered = kNoon;
  const auto old = checked_jobset(JobsetState::on, std::chrono::seconds(9000));
  EXPECT_TRUE(goes_first(asked, old));
  EXPECT_FALSE(goes_first(old, asked));
}

}  // namespace
}  // namespace grange
