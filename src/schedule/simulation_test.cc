#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schedule/testing_day.h"

namespace grange {
namespace {

using testing::ElementsAre;

TEST(Simulation, ADayIsSharedAsSpecified) {
  SimulatedDay day(1, 6000);
  const std::map<std::uint32_t, double> shares{{1, 1}, {2, 2}, {3, 3}};
  for (const auto& [jobset, share] : shares) day.farm.set_share(jobset, share);
  day.farm.run_until(24 * kHour);
  EXPECT_LT(day.error(shares, 0, 24 * kHour), 0.01);
  EXPECT_EQ(day.farm.running(), 32U) << "no slot was idle at the end";
}

TEST(Simulation, AShareThatChangesAtNoonAndARestartAtSixKeepTheDayFair) {
  SimulatedDay day(2, 4000);
  for (const auto& [jobset, share] : {std::pair(1U, 1.0), {2U, 2.0}, {3U, 3.0}}) {
    day.farm.set_share(jobset, share);
  }
  day.farm.run_until(12 * kHour);
  const std::map<std::uint32_t, double> shares{{1, 2}, {2, 2}, {3, 2}};
  for (const auto& [jobset, share] : shares) day.farm.set_share(jobset, share);
  day.farm.run_until(18 * kHour);
  std::map<std::uint32_t, double> used;
  for (const auto& [jobset, share] : shares) {
    used[jobset] = day.farm.made_for(jobset, 0, 18 * kHour);
  }
  day.farm.restart();
  for (const auto& [jobset, share] : shares) {
    EXPECT_NEAR(day.farm.fair().used(jobset), used[jobset], used[jobset] * 1e-4)
        << "usage survives";
  }
  day.farm.run_until(24 * kHour);
  EXPECT_LT(day.error(shares, 0, 24 * kHour), 0.01);
}

TEST(Simulation, EqualEventsGiveEqualDecisions) {
  std::vector<std::size_t> started[2];
  for (auto& log : started) {
    SimulatedDay day(3, 1500);
    day.farm.run_until(3 * kHour);
    day.farm.restart();
    day.farm.run_until(6 * kHour);
    log = day.farm.started();
  }
  EXPECT_EQ(started[0], started[1]);
}

class SimulationTest : public testing::Test {
 protected:
  std::size_t add(double seconds, const std::vector<std::size_t>& inputs = {},
                  const std::string& system = "x86_64-linux") {
    TestingFarm::Job job;
    job.seconds = seconds;
    job.of.system = system;
    return farm_.add(job, inputs);
  }
  void open(unsigned slots) { farm_.open({simulated_machine(1, slots, "x86_64-linux")}); }
  TestingFarm farm_;
};

TEST_F(SimulationTest, TheLongestPathGoesFirst) {
  const auto quick = add(10);
  const auto slow = add(10);
  const auto top = add(1000, {slow});
  open(1);
  farm_.want(quick, {1, 0, 0});
  farm_.want(top, {1, 0, 0});
  farm_.fair().set_drained(1, true);
  farm_.settle();
  farm_.fair().set_drained(1, false);
  farm_.run_until(5000);
  EXPECT_THAT(farm_.started(), ElementsAre(slow, top, quick));
}

TEST_F(SimulationTest, ABumpReachesWhatIsBelowAtOnce) {
  const auto first = add(10);
  const auto second = add(10);
  const auto bottom = add(10);
  const auto top = add(10, {bottom});
  open(1);
  farm_.want(first, {1, 0, 9});
  farm_.want(second, {1, 0, 9});
  const auto late = farm_.want(top, {1, 0, 0});
  farm_.run_until(5);
  farm_.plan().change(late, {1, 1000, 0});
  farm_.run_until(100);
  EXPECT_THAT(farm_.started(), ElementsAre(first, bottom, top, second));
}

TEST_F(SimulationTest, WhatIsCancelledFreesItsSlotAtOnce) {
  const auto slow = add(10000);
  const auto other = add(10);
  open(1);
  const auto asked = farm_.want(slow, {1, 0, 9});
  farm_.want(other, {1, 0, 0});
  farm_.run_until(5);
  EXPECT_THAT(farm_.started(), ElementsAre(slow));
  farm_.withdraw(asked);
  farm_.run_until(6);
  EXPECT_THAT(farm_.started(), ElementsAre(slow, other));
}

TEST_F(SimulationTest, AJobsetWithoutWorkForASystemDoesNotBlockIt) {
  const auto own = add(10);
  const auto other = add(10, {}, "aarch64-linux");
  open(1);
  farm_.set_share(2, 1000);
  farm_.want(other, {2, 0, 0});
  farm_.want(own, {1, 0, 0});
  farm_.run_until(5);
  EXPECT_THAT(farm_.started(), ElementsAre(own));
}

TEST_F(SimulationTest, AStepThatTwoJobsetsWantIsMadeOnceForBoth) {
  const auto shared = add(100);
  const auto one = add(10, {shared});
  const auto two = add(10, {shared});
  open(2);
  farm_.want(one, {1, 0, 0});
  farm_.want(two, {2, 0, 0});
  farm_.run_until(1000);
  EXPECT_THAT(farm_.started(), ElementsAre(shared, one, two));
  EXPECT_DOUBLE_EQ(farm_.fair().used(1), 60);
  EXPECT_DOUBLE_EQ(farm_.fair().used(2), 60);
}

}  // namespace
}  // namespace grange
