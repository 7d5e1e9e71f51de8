#include "record/target_matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "record/farm_history_testing.h"
#include "record/newly_failing.h"
#include "record/search.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TargetMatrixTest : public testing::Test {
 protected:
  TargetMatrixTest()
      : farm_({DatabaseKind::sqlite, directory_.path() / "record.sqlite", ""}),
        jobset_(farm_.add_jobset("p", "j", false)) {}

  std::vector<EvaluationRow> newest(std::size_t count) {
    return EvaluationHistory(farm_.database()).from_position(jobset_, 1'000'000, count);
  }
  std::vector<std::string> matrix(const TargetQuery& query = {}, std::size_t evaluations = 20) {
    std::vector<std::string> lines;
    for (const auto& row : target_matrix(farm_.database(), newest(evaluations), query)) {
      lines.push_back(row.label);
      for (const auto& cell : row.cells) {
        lines.back() += !cell            ? " -"
                        : !cell->outcome ? " queued"
                                         : " " + std::string(to_string(*cell->outcome));
      }
    }
    return lines;
  }

  TemporaryDirectory directory_;
  FarmHistoryForTests farm_;
  const std::int64_t jobset_;
};

TEST_F(TargetMatrixTest, SaysWhatBecameOfEachTargetInEachEvaluation) {
  const auto first = farm_.evaluate(jobset_, {"a", "b"}, 1);
  farm_.finish(first[0], Outcome::good);
  farm_.finish(first[1], Outcome::good);
  const auto second = farm_.evaluate(jobset_, {"a", "c"}, 2);
  farm_.finish(second[0], Outcome::failed);
  EXPECT_THAT(matrix(), ElementsAre("a failed good", "b - good", "c queued -"));
  EXPECT_THAT(matrix({}, 1), ElementsAre("a failed", "c queued"));
  TargetQuery query;
  query.limit = 1;
  query.after = "a";
  EXPECT_THAT(matrix(query), ElementsAre("b - good"));
  query = {};
  query.contains = "c";
  EXPECT_THAT(matrix(query), ElementsAre("c queued -"));
}

TEST_F(TargetMatrixTest, SpansEpochs) {
  std::vector<std::string> labels;
  labels.reserve(300);
  for (int i = 0; i < 300; ++i) labels.push_back("t" + std::to_string(1000 + i));
  for (int version = 1; version <= 6; ++version) {
    const auto builds = farm_.evaluate(jobset_, labels, version);
    farm_.finish(builds.front(), version % 2 == 0 ? Outcome::good : Outcome::failed);
  }
  const auto evaluations = newest(6);
  EXPECT_NE(evaluations.front().epoch, evaluations.back().epoch);
  TargetQuery query;
  query.limit = 2;
  EXPECT_THAT(matrix(query), ElementsAre("t1000 good failed good failed good failed",
                                         "t1001 queued queued queued queued queued queued"));
}

TEST_F(TargetMatrixTest, FindsWhatIsNewlyFailing) {
  const std::vector<std::string> labels{"a", "b", "c", "d"};
  for (const auto build : farm_.evaluate(jobset_, labels, 1)) farm_.finish(build, Outcome::good);
  EXPECT_THAT(newly_failing(farm_.database(), newest(1).front(), 10), IsEmpty());
  const auto second = farm_.evaluate(jobset_, {"a", "b", "c", "new"}, 2);
  farm_.finish(second[0], Outcome::dependency_failed);
  farm_.finish(second[1], Outcome::failed);
  farm_.finish(second[2], Outcome::aborted);
  farm_.finish(second[3], Outcome::failed);
  const auto found = newly_failing(farm_.database(), newest(1).front(), 10);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].label, "new") << "it was not there before";
  EXPECT_EQ(found[0].base_build, 0);
  EXPECT_EQ(found[1].label, "b");
  EXPECT_EQ(found[1].build, second[1]);
  EXPECT_NE(found[1].base_build, 0);
  EXPECT_EQ(found[2].label, "a");
  EXPECT_EQ(newly_failing(farm_.database(), newest(1).front(), 1).size(), 1U);
  const auto third = farm_.evaluate(jobset_, {"a", "b"}, 3);
  farm_.finish(third[1], Outcome::failed);
  EXPECT_THAT(newly_failing(farm_.database(), newest(1).front(), 10), IsEmpty())
      << "it failed before, too";
}

TEST_F(TargetMatrixTest, WhatFailsInAFirstEvaluationIsNewlyFailing) {
  const auto builds = farm_.evaluate(jobset_, {"a", "b"}, 1);
  farm_.finish(builds[1], Outcome::failed);
  const auto found = newly_failing(farm_.database(), newest(1).front(), 10);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].label, "b");
}

TEST_F(TargetMatrixTest, LabelsAreFoundByTheirBeginningsAndAsFarAsRowsReachByParts) {
  farm_.evaluate(jobset_, {"hello", "hello.debug", "othello", "world"}, 1);
  const auto labels = [](const std::vector<TargetRow>& rows) {
    std::vector<std::string> list;
    list.reserve(rows.size());
    for (const auto& row : rows) list.push_back(row.label);
    return list;
  };
  const auto evaluation = newest(1).front();
  LabelSearch search(farm_.database(), "hello", 4);
  EXPECT_THAT(labels(search.beginning(evaluation, 10)), ElementsAre("hello", "hello.debug"));
  EXPECT_THAT(labels(search.beginning(evaluation, 1)), ElementsAre("hello"));
  EXPECT_THAT(labels(search.containing(evaluation, 10)), ElementsAre("othello"));
  EXPECT_TRUE(search.is_whole()) << "all four were looked at";
  EXPECT_THAT(labels(search.containing(evaluation, 10)), IsEmpty());
  EXPECT_FALSE(search.is_whole());
  LabelSearch shorter(farm_.database(), "wor", 3);
  EXPECT_THAT(labels(shorter.containing(evaluation, 10)), IsEmpty());
  EXPECT_FALSE(shorter.is_whole()) << "the fourth was not";
  EXPECT_TRUE(LabelSearch(farm_.database(), "x", 4).is_whole());
}

TEST_F(TargetMatrixTest, RevisionsAreFoundByTheirFirstDigits) {
  farm_.evaluate(jobset_, {"a"}, 1);
  run(farm_.database(), "UPDATE evaluation_inputs SET revision = 'abcdef0123'");
  const auto found = evaluated_revisions(farm_.database(), "abcdef", 10);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].jobset, jobset_);
  EXPECT_EQ(found[0].revision, "abcdef0123");
  EXPECT_THAT(evaluated_revisions(farm_.database(), "abcdee", 10), IsEmpty());
}

}  // namespace
}  // namespace grange
