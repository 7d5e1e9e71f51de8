#include "record/farm_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "database/testing_databases.h"
#include "record/farm_history_testing.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FarmCheckTest : public DatabaseKindTest {
 protected:
  void SetUp() override {
    DatabaseKindTest::SetUp();
    if (IsSkipped()) return;
    farm_ = std::make_unique<FarmHistoryForTests>(location());
    const auto jobset = farm_->add_jobset("hello", "main", false);
    const auto first = farm_->evaluate(jobset, {"a", "b", "c"}, 1);
    farm_->finish(first[0], Outcome::good);
    farm_->finish(first[1], Outcome::failed);
    const auto second = farm_->evaluate(jobset, {"a", "c", "d"}, 2);
    farm_->finish(second[2], Outcome::good);
    farm_->evaluate(jobset, {"a"}, 3, false);
  }

  FarmCheckReport check() { return FarmCheck(farm_->database()).run(); }
  void change(std::string_view sql) { farm_->database().execute(sql); }

 private:
  std::unique_ptr<FarmHistoryForTests> farm_;
};

TEST_P(FarmCheckTest, WhatAFarmRecordsIsConsistent) {
  const auto report = check();
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_TRUE(report.good());
  EXPECT_EQ(report.evaluations, 3);
  EXPECT_EQ(report.targets, 7);
  EXPECT_EQ(report.jobsets, 1);
}

TEST_P(FarmCheckTest, ARowOfTheHistoryThatChangedIsFound) {
  change("UPDATE targets SET derivation = 1 WHERE label = 'd'");
  EXPECT_THAT(check().problems,
              ElementsAre(HasSubstr("evaluation 2: its targets have the digest")));
}

TEST_P(FarmCheckTest, ARowOfTheHistoryThatIsGoneIsFound) {
  change("DELETE FROM targets WHERE label = 'b'");
  const auto report = check();
  ASSERT_FALSE(report.problems.empty());
  EXPECT_EQ(report.problems[0], "evaluation 1: targets: recorded 3, counted 2");
  EXPECT_THAT(report.problems, testing::Contains(HasSubstr("rows that are closed")));
}

TEST_P(FarmCheckTest, CountsThatAreNotThoseOfTheBuildsAreFound) {
  change("UPDATE builds SET outcome = 'good' WHERE outcome = 'failed'");
  EXPECT_THAT(check().problems,
              ElementsAre("evaluation 1: builds that are good: recorded 1, counted 2",
                          "evaluation 1: builds that are not good: recorded 1, counted 0",
                          "jobset 1 (main): builds that are good: recorded 2, counted 3",
                          "jobset 1 (main): builds that are not good: recorded 1, counted 0"));
}

TEST_P(FarmCheckTest, ADerivationWhoseTextIsAnotherIsFound) {
  change(
      "UPDATE derivations SET content = (SELECT content FROM derivations WHERE id = 2) "
      "WHERE id = 1");
  change("DELETE FROM derivation_texts");
  change("UPDATE derivations SET content = inputs, inputs = content WHERE id = 3");
  const auto report = check();
  EXPECT_EQ(report.derivations, 7);
  EXPECT_THAT(report.problems, ElementsAre(HasSubstr("derivation 1: its text is that of"),
                                           HasSubstr("derivation 3: ")));
}

TEST_P(FarmCheckTest, ItCanBeStopped) {
  std::stop_source stop;
  stop.request_stop();
  FarmHistoryForTests other(fresh());
  other.evaluate(other.add_jobset("p", "j", false), {"x"}, 1);
  EXPECT_THROW(FarmCheck(other.database()).run({}, stop.get_token()), CancelledError);
}

GRANGE_FOR_BOTH_DATABASES(FarmCheckTest);

}  // namespace
}  // namespace grange
