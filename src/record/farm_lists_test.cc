#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "database/testing_databases.h"
#include "record/builds.h"
#include "record/evaluation_history.h"
#include "record/jobsets.h"
#include "record/projects.h"
#include "record/record.h"
#include "record/rows.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

/// A jobset with targets "a" and "b" in three evaluations: builds 1 and 2 in the first, 1 and 3 in
/// the others.
class FarmListsTest : public DatabaseKindTest {
 protected:
  void SetUp() override {
    DatabaseKindTest::SetUp();
    if (IsSkipped()) return;
    Record::open(location(), RecordOptions());
    database_ = open_database(location(), {.durable = false});
    Transaction transaction(*database_);
    ProjectSettings project;
    project.name = project.display_name = "p";
    JobsetSettings settings;
    settings.name = "j";
    jobset_ = Jobsets(*database_).create(Projects(*database_).create(project, ""), settings, "");
    run(*database_, "INSERT INTO systems (id, name) VALUES (1, 'x86_64-linux')");
    for (std::uint8_t id = 1; id <= 3; ++id) {
      std::vector<std::uint8_t> digest(20, id);
      run(*database_,
          "INSERT INTO derivations (id, digest, name, gnu, system, unverified, inputs, content) "
          "VALUES (?1, ?2, 'd', 0, 1, 0, ?3, ?3)",
          std::int64_t{id}, BlobValue{digest}, BlobValue{{}});
    }
    EvaluationHistory history(*database_);
    facts_ = history.facts_id("{}");
    builds_ = {build("a", 1), build("b", 2), build("b", 3)};
    for (int number = 0; number < 3; ++number) {
      NewEvaluation evaluation;
      evaluation.jobset = jobset_;
      const auto id = history.begin(evaluation);
      const auto second = number == 0 ? 1U : 2U;
      const TargetRow targets[] = {{"a", 1, facts_, builds_[0]},
                                   {"b", second + 1, facts_, builds_[second]}};
      history.add_targets(id, targets);
      history.complete(id, at(number));
      evaluations_.push_back(id);
    }
    transaction.commit();
  }

  static TimePoint at(std::int64_t seconds) { return TimePoint(std::chrono::seconds(seconds)); }

  std::int64_t build(const std::string& label, std::int64_t derivation) {
    NewBuild added;
    added.jobset = jobset_;
    added.label = label;
    added.derivation = derivation;
    added.name = "d";
    added.system = "x86_64-linux";
    added.facts = facts_;
    // Every build has an evaluation that asked for it; here one of its own.
    NewEvaluation evaluation;
    evaluation.jobset = jobset_;
    added.evaluation = EvaluationHistory(*database_).begin(evaluation);
    EvaluationHistory(*database_).fail(added.evaluation, at(0), "not of this test");
    return Builds(*database_).add({&added, 1}).front();
  }

  void finish(std::int64_t id, Outcome outcome, std::int64_t stopped) {
    FinishedBuild end;
    end.build = id;
    end.outcome = outcome;
    end.started = at(0);
    end.stopped = at(stopped);
    if (outcome == Outcome::good) {
      end.outputs.emplace("out", StorePath::parse("0123456789abcdfghijklmnpqrsvwxyz-d"));
      end.report.metrics = {{"size", 2, ""}};
      BuildProduct product;
      product.type = "file";
      product.path = "/nix/store/x";
      end.report.products = {product};
    }
    Transaction transaction(*database_);
    Builds(*database_).finish({&end, 1});
    transaction.commit();
  }

  static std::vector<std::int64_t> ids(const auto& rows) {
    std::vector<std::int64_t> list;
    for (const auto& row : rows) list.push_back(row.id);
    return list;
  }

  std::unique_ptr<Database> database_;
  std::int64_t jobset_ = 0;
  std::int64_t facts_ = 0;
  std::vector<std::int64_t> builds_;
  std::vector<std::int64_t> evaluations_;
};

TEST_P(FarmListsTest, EvaluationsAreListedFromAnyPosition) {
  EvaluationHistory history(*database_);
  const auto& e = evaluations_;
  EXPECT_THAT(ids(history.from_position(jobset_, 3, 10)), ElementsAre(e[2], e[1], e[0]));
  EXPECT_THAT(ids(history.from_position(jobset_, 2, 1)), ElementsAre(e[1]));
  EXPECT_THAT(ids(history.from_position(jobset_, 0, 10)), IsEmpty());
  EXPECT_THAT(ids(history.complete_ones(false, 1, 10)), ElementsAre(e[1], e[0]));
  EXPECT_EQ(history.count_complete(false), 3);
}

TEST_P(FarmListsTest, BuildsAndEvaluationsKnowEachOther) {
  EvaluationHistory history(*database_);
  const auto& e = evaluations_;
  const auto& b = builds_;
  EXPECT_THAT(history.builds(*history.find(e[0])), ElementsAre(b[0], b[1]));
  EXPECT_THAT(history.builds(*history.find(e[2])), ElementsAre(b[0], b[2]));
  EXPECT_THAT(history.of_builds(b, 10),
              ElementsAre(Pair(b[0], ElementsAre(e[2], e[1], e[0])), Pair(b[1], ElementsAre(e[0])),
                          Pair(b[2], ElementsAre(e[2], e[1]))));
  EXPECT_THAT(history.of_builds({b.data(), 1}, 2),
              ElementsAre(Pair(b[0], ElementsAre(e[2], e[1]))));
  EXPECT_THAT(history.of_builds({}, 2), IsEmpty());
}

TEST_P(FarmListsTest, OnlyEvaluationsWithoutUnfinishedBuildsHaveEnded) {
  EvaluationHistory history(*database_);
  EXPECT_FALSE(history.newest_ended(builds_[0]));
  finish(builds_[0], Outcome::good, 1);
  EXPECT_FALSE(history.newest_ended(builds_[0]));
  EXPECT_FALSE(history.newest_good_build_ended(jobset_, "a"));
  finish(builds_[1], Outcome::failed, 2);
  EXPECT_EQ(history.newest_ended(builds_[0]), evaluations_[0]);
  EXPECT_EQ(history.newest_good_build_ended(jobset_, "a"), builds_[0]);
  EXPECT_FALSE(history.newest_good_build_ended(jobset_, "b"));
  finish(builds_[2], Outcome::good, 3);
  EXPECT_EQ(history.newest_ended(builds_[0]), evaluations_[2]);
  EXPECT_EQ(history.newest_good_build_ended(jobset_, "b"), builds_[2]);
}

TEST_P(FarmListsTest, TheQueueBeginsWithWhatWasBumped) {
  Builds builds(*database_);
  EXPECT_THAT(ids(builds.queue(false, 10)), ElementsAre(builds_[0], builds_[1], builds_[2]));
  builds.set_priority(builds_[1], 5);
  builds.set_bumped(builds_[2], 17);
  EXPECT_THAT(ids(builds.queue(false, 10)), ElementsAre(builds_[2], builds_[1], builds_[0]));
  EXPECT_THAT(ids(builds.queue(true, 1)), ElementsAre(builds_[2]));
  finish(builds_[1], Outcome::failed, 2);
  EXPECT_THAT(ids(builds.queue(false, 10)), ElementsAre(builds_[2], builds_[0]));
}

TEST_P(FarmListsTest, FinishedBuildsAreFoundAndCounted) {
  finish(builds_[0], Outcome::good, 100);
  finish(builds_[1], Outcome::failed, 150);
  finish(builds_[2], Outcome::good, 199);
  Builds builds(*database_);
  const std::string digest = "0123456789abcdfghijklmnpqrsvwxyz";
  EXPECT_THAT(ids(builds.with_output(digest, false, 10)), ElementsAre(builds_[2], builds_[0]));
  EXPECT_THAT(ids(builds.with_output(digest.substr(1) + "0", false, 10)), IsEmpty());
  using std::chrono::seconds;
  EXPECT_THAT(builds.ended_per_period(at(200), seconds(50), 3), ElementsAre(1, 1, 1));
  EXPECT_THAT(builds.ended_per_period(at(150), seconds(10), 2), ElementsAre(0, 1));
  const auto reports = builds.reports(builds_);
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_EQ(reports.at(builds_[0]).products.size(), 1U);
  EXPECT_EQ(builds.report(builds_[2]).metrics.size(), 1U);
  EXPECT_TRUE(builds.report(builds_[1]).products.empty());
}

GRANGE_FOR_BOTH_DATABASES(FarmListsTest);

}  // namespace
}  // namespace grange
