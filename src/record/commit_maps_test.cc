#include "record/commit_maps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "database/testing_databases.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class CommitMapsTest : public DatabaseKindTest {
 protected:
  std::unique_ptr<Record> open(std::uint64_t kept = 100) {
    return Record::open(location(), {.kept_evaluations = kept});
  }

  /// An evaluation of `selection` in `line`; times are in seconds.
  static EvaluationRecord evaluation(const std::string& commit, int time = 0,
                                     const std::string& selection = "/a/default.nix",
                                     const std::string& line = "default.nix") {
    EvaluationRecord record;
    record.selection = selection;
    record.line = line;
    record.started = record.finished = TimePoint(std::chrono::seconds(time));
    record.map.complete = true;
    record.map.commit = commit;
    record.map.errors.emplace("label " + commit, TargetError{{"label"}, "it throws"});
    return record;
  }
};

TEST_P(CommitMapsTest, FindsTheNewestCompleteOneOfEachCommitFromAnyCheckout) {
  const auto record = open();
  const auto first = record->add_evaluation(evaluation("c1"));
  const auto second = record->add_evaluation(evaluation("c2", 0, "/b/default.nix"));
  const auto again = record->add_evaluation(evaluation("c1", 0, "/b/default.nix"));
  auto incomplete = evaluation("c3");
  incomplete.map.complete = false;
  record->add_evaluation(incomplete);
  record->add_evaluation(evaluation("c4", 0, "/a/other.nix", "other.nix"));
  record->add_evaluation(evaluation("", 0));
  record->add_evaluation(evaluation("c5", 0, "/outside.nix", ""));
  EXPECT_LT(first, again);
  const std::vector<std::string> commits = {"c1", "c2", "c3", "c4", "c5", "never", "", "'"};
  const auto maps = record->commit_maps("default.nix", commits);
  EXPECT_THAT(maps.complete, ElementsAre(Pair("c1", again), Pair("c2", second)));
  EXPECT_THAT(maps.forgotten, IsEmpty());
  EXPECT_THAT(record->commit_maps("", commits).complete, IsEmpty());
  EXPECT_THAT(record->commit_maps("unknown", commits).complete, IsEmpty());
  EXPECT_THAT(record->commit_maps("default.nix", {}).complete, IsEmpty());

  const auto read = record->evaluation(second);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->selection, "/b/default.nix");
  EXPECT_EQ(read->line, "default.nix");
  EXPECT_EQ(read->map.commit, "c2");
  EXPECT_TRUE(read->map.errors.contains("label c2"));
  EXPECT_EQ(record->evaluation(1000), std::nullopt);
}

TEST_P(CommitMapsTest, KnowsWhatRetentionByNumberHasRemoved) {
  const auto record = open(2);
  for (const auto* commit : {"c1", "c2", "c3"}) record->add_evaluation(evaluation(commit));
  const std::vector<std::string> commits = {"c0", "c1", "c2", "c3"};
  auto maps = record->commit_maps("default.nix", commits);
  EXPECT_EQ(maps.complete.size(), 2U);
  EXPECT_THAT(maps.forgotten, ElementsAre("c1"));
  // Evaluated again, it is there again.
  record->add_evaluation(evaluation("c1"));
  maps = record->commit_maps("default.nix", commits);
  EXPECT_TRUE(maps.complete.contains("c1"));
  EXPECT_THAT(maps.forgotten, ElementsAre("c2"));
}

TEST_P(CommitMapsTest, ForgetsWhatIsOlderThanAsked) {
  const auto record = open();
  record->add_evaluation(evaluation("c1", 100));
  record->add_evaluation(evaluation("c2", 100, "/gone/default.nix"));
  record->add_evaluation(evaluation("c3", 100, "/other.nix", "other.nix"));
  record->add_evaluation(evaluation("c4", 200));
  EXPECT_EQ(
      record->forget_before(TimePoint(std::chrono::seconds(100)), "/a/default.nix", "default.nix"),
      0U);
  EXPECT_EQ(
      record->forget_before(TimePoint(std::chrono::seconds(150)), "/a/default.nix", "default.nix"),
      2U);
  const std::vector<std::string> commits = {"c1", "c2", "c3", "c4"};
  const auto maps = record->commit_maps("default.nix", commits);
  EXPECT_EQ(maps.complete.size(), 1U);
  EXPECT_THAT(maps.forgotten, ElementsAre("c1", "c2"));
  EXPECT_TRUE(record->last_complete("/other.nix"));
  EXPECT_FALSE(record->last_complete("/gone/default.nix"));
  // The last complete one goes too, and what only it said.
  EXPECT_EQ(record->forget_before(TimePoint(std::chrono::seconds(500)), "/a/default.nix", ""), 1U);
  EXPECT_FALSE(record->last_complete("/a/default.nix"));
}

TEST_P(CommitMapsTest, AThousandCommitsAreOneSearchEach) {
  const auto record = open();
  record->add_evaluation(evaluation("c500"));
  std::vector<std::string> commits;
  for (int i = 0; i < 1000; ++i) commits.push_back("c" + std::to_string(i));
  EXPECT_EQ(record->commit_maps("default.nix", commits).complete.size(), 1U);
  if (!is_sqlite()) return;
  const auto database = open_database(location());
  auto plan = database->prepare(
      "EXPLAIN QUERY PLAN SELECT revision, id FROM ci_evaluations WHERE line = 1 AND revision " +
      database->one_of(1, Database::ListOf::texts) + " AND complete = 1");
  ASSERT_TRUE(plan.step());
  EXPECT_THAT(std::string(plan.text(3)),
              testing::HasSubstr("evaluations_by_revision (line=? AND revision=?)"));
}

GRANGE_FOR_BOTH_DATABASES(CommitMapsTest);

}  // namespace
}  // namespace grange
