#include <gtest/gtest.h>

#include "database/testing_databases.h"
#include "record/derivations.h"
#include "record/schema.h"
#include "record/steps.h"
#include "schedule/testing_day.h"

namespace grange {
namespace {

/// The same day with its machine time in a record, as a farm writes it and reads it again.
class RecordedDayTest : public DatabaseKindTest {
 protected:
  void SetUp() override {
    DatabaseKindTest::SetUp();
    if (IsSkipped()) return;
    database_ = open_database(location(), {.durable = false});
    migrate_record(*database_);
  }

  /// What has ended since the last call.
  void write(const TestingFarm& farm) {
    Transaction transaction(*database_);
    const auto count = farm.history().size() - written_;
    auto id = allocate_ids(*database_, "steps", static_cast<std::int64_t>(count));
    std::vector<StepRow> steps;
    std::vector<MachineTime> times;
    for (; written_ < farm.history().size(); ++written_, ++id) {
      const auto& past = farm.history()[written_].past;
      StepRow step;
      step.id = id;
      step.how = "made";
      step.outcome = Outcome::good;
      step.started = past.from;
      step.stopped = past.to;
      steps.push_back(std::move(step));
      for (const auto jobset : past.jobsets) {
        const auto all = Seconds(past.to - past.from).count() * past.cores;
        times.push_back(
            {id, jobset, past.from, past.to, all / static_cast<double>(past.jobsets.size())});
      }
    }
    Steps(*database_).add(steps);
    Steps(*database_).add_machine_time(times);
    transaction.commit();
  }

  /// As a farm knows its last day when it starts.
  std::vector<UsageLedger::Past> read(TimePoint since) {
    std::vector<UsageLedger::Past> pasts;
    std::map<std::int64_t, std::size_t> places;
    std::map<std::int64_t, double> seconds;
    for (const auto& time : Steps(*database_).machine_time(since)) {
      const auto [place, is_new] = places.emplace(time.step, pasts.size());
      if (is_new) pasts.push_back({{}, time.started, time.stopped, 1});
      pasts[place->second].jobsets.push_back(static_cast<std::uint32_t>(time.jobset));
      seconds[time.step] += time.core_seconds;
    }
    for (const auto& [step, place] : places) {
      auto& past = pasts[place];
      const auto length = Seconds(past.to - past.from).count();
      if (length > 0) past.cores = static_cast<unsigned>(std::lround(seconds[step] / length));
    }
    return pasts;
  }

  std::unique_ptr<Database> database_;
  std::size_t written_ = 0;
};

TEST_P(RecordedDayTest, IsFairWhereAShareChangesAtNoonAndTheFarmIsKilledAtSix) {
  SimulatedDay day(2, 4000);
  for (const auto& [jobset, share] : {std::pair(1U, 1.0), {2U, 2.0}, {3U, 3.0}}) {
    day.farm.set_share(jobset, share);
  }
  day.farm.run_until(12 * kHour);
  write(day.farm);
  // By then 1, 2 and 3 parts of six were used; in the end all have the same.
  const auto midnight = day.farm.time(0);
  const auto at_noon = Steps(*database_).core_seconds(midnight);
  EXPECT_LT(at_noon.at(1), at_noon.at(3) / 2);
  for (std::uint32_t jobset = 1; jobset <= SimulatedDay::kJobsets; ++jobset) {
    day.farm.set_share(jobset, 2);
  }
  day.farm.run_until(18 * kHour);
  day.farm.stop();
  write(day.farm);
  day.farm.restart(read(midnight));
  day.farm.run_until(24 * kHour);
  day.farm.stop();
  write(day.farm);
  const auto used = Steps(*database_).core_seconds(midnight);
  double all = 0;
  for (const auto& [jobset, seconds] : used) all += seconds;
  ASSERT_EQ(used.size(), std::size_t{SimulatedDay::kJobsets});
  for (const auto& [jobset, seconds] : used) {
    EXPECT_NEAR(seconds, all / SimulatedDay::kJobsets, all / SimulatedDay::kJobsets * 0.01)
        << "jobset " << jobset;
  }
}

GRANGE_FOR_BOTH_DATABASES(RecordedDayTest);

}  // namespace
}  // namespace grange
