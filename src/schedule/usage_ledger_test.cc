#include "schedule/usage_ledger.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace grange {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TimePoint at_second(std::int64_t second) {
  return TimePoint(seconds(1'700'000'000 + second));
}

constexpr std::int64_t kDay = 24 * 3600;

TEST(UsageLedger, CountsCoresTimesTimeWithinTheLastDay) {
  UsageLedger ledger;
  ledger.advance(at_second(0));
  ledger.started(StepId{1}, std::vector<std::uint32_t>{7}, 4, Seconds(0));
  ledger.advance(at_second(100));
  EXPECT_DOUBLE_EQ(ledger.used(7), 400);
  ledger.ended(StepId{1});
  ledger.advance(at_second(kDay));
  EXPECT_DOUBLE_EQ(ledger.used(7), 400);
  ledger.advance(at_second(kDay + 40));
  EXPECT_DOUBLE_EQ(ledger.used(7), 240) << "only what lies within the window";
  ledger.advance(at_second(kDay + 100));
  EXPECT_EQ(ledger.used(7), 0);
  EXPECT_EQ(ledger.kept(), 0U);
}

TEST(UsageLedger, ARunningAttemptCountsAsLongAsExpectedThenAsLongAsItTakes) {
  UsageLedger ledger;
  ledger.advance(at_second(0));
  ledger.started(StepId{1}, std::vector<std::uint32_t>{7}, 2, Seconds(60));
  EXPECT_DOUBLE_EQ(ledger.used(7), 120);
  ledger.advance(at_second(59));
  EXPECT_DOUBLE_EQ(ledger.used(7), 120);
  ledger.advance(at_second(75));
  EXPECT_DOUBLE_EQ(ledger.used(7), 150);
  ledger.started(StepId{2}, std::vector<std::uint32_t>{7}, 1, Seconds(1000));
  EXPECT_DOUBLE_EQ(ledger.used(7), 1150);
  ledger.advance(at_second(76));
  ledger.ended(StepId{2});
  EXPECT_DOUBLE_EQ(ledger.used(7), 153) << "it took one second after all";
}

TEST(UsageLedger, DividesAmongAllWhoWantItWhileTheyDo) {
  UsageLedger ledger;
  ledger.advance(at_second(0));
  ledger.started(StepId{1}, std::vector<std::uint32_t>{1, 2}, 1, Seconds(0));
  ledger.advance(at_second(100));
  ledger.change(StepId{1}, std::vector<std::uint32_t>{2});
  ledger.advance(at_second(150));
  ledger.change(StepId{1}, {});
  ledger.advance(at_second(170));
  ledger.change(StepId{1}, std::vector<std::uint32_t>{1, 2, 3, 4});
  ledger.advance(at_second(190));
  ledger.ended(StepId{1});
  EXPECT_DOUBLE_EQ(ledger.used(1), 55);
  EXPECT_DOUBLE_EQ(ledger.used(2), 105);
  EXPECT_DOUBLE_EQ(ledger.used(3), 5);
}

TEST(UsageLedger, StartsInOneInstantAllCountAndAllLeave) {
  UsageLedger ledger;
  ledger.advance(at_second(0));
  for (std::uint32_t i = 0; i < 10; ++i) {
    ledger.add({{3}, at_second(-50), at_second(-10), 1});
  }
  EXPECT_DOUBLE_EQ(ledger.used(3), 400);
  ledger.advance(at_second(kDay));
  EXPECT_EQ(ledger.used(3), 0);
}

TEST(UsageLedger, OfThePastOnlyTheWindowCounts) {
  UsageLedger ledger;
  ledger.advance(at_second(0));
  ledger.add({{3}, at_second(-kDay - 100), at_second(-kDay + 100), 1});
  ledger.add({{3}, at_second(-kDay - 200), at_second(-kDay - 100), 1});
  ledger.add({{3}, at_second(50), at_second(20), 1});
  ledger.add({{3}, at_second(-10), at_second(1000), 1});
  ledger.add({{}, at_second(-10), at_second(0), 1});
  EXPECT_DOUBLE_EQ(ledger.used(3), 110);
}

TEST(UsageLedger, AClockThatJumpsBackLosesNothing) {
  UsageLedger ledger;
  ledger.advance(at_second(1000));
  ledger.started(StepId{1}, std::vector<std::uint32_t>{1}, 1, Seconds(0));
  ledger.advance(at_second(1100));
  ledger.advance(at_second(0));
  EXPECT_DOUBLE_EQ(ledger.used(1), 100);
  ledger.advance(at_second(10));
  EXPECT_DOUBLE_EQ(ledger.used(1), 110) << "it goes on from there";
  ledger.ended(StepId{1});
  ledger.advance(at_second(kDay));
  EXPECT_DOUBLE_EQ(ledger.used(1), 10);
  ledger.advance(at_second(2 * kDay));
  EXPECT_EQ(ledger.used(1), 0);
}

TEST(UsageLedger, AClockThatJumpsForwardsEndsTheDay) {
  UsageLedger ledger;
  ledger.advance(at_second(0));
  ledger.started(StepId{1}, std::vector<std::uint32_t>{1}, 1, Seconds(0));
  ledger.started(StepId{2}, std::vector<std::uint32_t>{2}, 1, Seconds(0));
  ledger.advance(at_second(100));
  ledger.ended(StepId{2});
  ledger.advance(at_second(365 * kDay));
  EXPECT_DOUBLE_EQ(ledger.used(1), kDay) << "of what runs no more than the window";
  EXPECT_EQ(ledger.used(2), 0);
  ledger.ended(StepId{1});
  ledger.advance(at_second(366 * kDay));
  EXPECT_EQ(ledger.used(1), 0);
}

/// All intervals there ever were, added up anew for each answer.
class LedgerModel {
 public:
  struct Interval {
    std::vector<std::uint32_t> jobsets;
    double from;
    double to;
    double cores;
  };
  struct Run {
    std::vector<std::uint32_t> jobsets;
    double from;  ///< of the present division
    double expected_end;
    double cores;
  };
  double used(std::uint32_t jobset, double now) const {
    double sum = 0;
    const auto count = [&](const Interval& interval) {
      const auto& by = interval.jobsets;
      if (std::find(by.begin(), by.end(), jobset) == by.end()) return;
      const double from = std::max(interval.from, now - kDay);
      if (interval.to > from) {
        sum += (interval.to - from) * interval.cores / static_cast<double>(by.size());
      }
    };
    for (const auto& interval : past) count(interval);
    for (const auto& [step, run] : running) {
      count({run.jobsets, run.from, std::max(now, run.expected_end), run.cores});
    }
    return sum;
  }
  std::vector<Interval> past;
  std::map<StepId, Run> running;
};

TEST(UsageLedger, IsWhatASlowModelSays) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto below = [&](unsigned end) { return static_cast<unsigned>(random() % end); };
    UsageLedger ledger;
    LedgerModel model;
    std::int64_t now = 0;
    std::uint32_t steps = 0;
    ledger.advance(at_second(now));
    const auto some = [&] {
      std::vector<std::uint32_t> jobsets;
      for (std::uint32_t i = 0; i < 5; ++i) {
        if (below(3) == 0) jobsets.push_back(i);
      }
      return jobsets;
    };
    for (int round = 0; round < 600; ++round) {
      const auto kind = below(8);
      if (kind < 3) {
        const StepId step{steps++};
        const auto jobsets = some();
        const auto cores = 1 + below(4);
        const auto expected = below(20000);
        ledger.started(step, jobsets, cores, Seconds(expected));
        model.running[step] = {jobsets, static_cast<double>(now),
                               static_cast<double>(now + expected), static_cast<double>(cores)};
      } else if (kind < 6 && !model.running.empty()) {
        auto at = model.running.begin();
        std::advance(at, below(static_cast<unsigned>(model.running.size())));
        auto& [step, run] = *at;
        model.past.push_back({run.jobsets, run.from, static_cast<double>(now), run.cores});
        if (kind == 3) {
          run.jobsets = some();
          run.from = static_cast<double>(now);
          ledger.change(step, run.jobsets);
        } else {
          ledger.ended(step);
          model.running.erase(at);
        }
      } else {
        now += below(3) == 0 ? below(30000) : below(500);
        ledger.advance(at_second(now));
      }
      for (std::uint32_t jobset = 0; jobset < 5; ++jobset) {
        const double expected = model.used(jobset, static_cast<double>(now));
        ASSERT_NEAR(ledger.used(jobset), expected, 1e-3 + expected * 1e-5);
      }
    }
    for (const auto& [step, run] : model.running) ledger.ended(step);
    ledger.advance(at_second(now + 2 * kDay));
    for (std::uint32_t jobset = 0; jobset < 5; ++jobset) ASSERT_EQ(ledger.used(jobset), 0);
    ASSERT_EQ(ledger.kept(), 0U);
  }
}

}  // namespace
}  // namespace grange
