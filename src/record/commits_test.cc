#include "record/commits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "database/testing_databases.h"
#include "record/schema.h"

namespace grange {
namespace {

using testing::ElementsAre;

class CommitsTest : public DatabaseKindTest {
 protected:
  void SetUp() override {
    DatabaseKindTest::SetUp();
    if (IsSkipped()) return;
    database_ = open_database(location(), {.durable = false});
    migrate_record(*database_);
  }

  void add(const CommitBranch& branch, const std::vector<std::string>& revisions) {
    std::vector<CommitRow> commits;
    for (const auto& revision : revisions) {
      CommitRow commit{0, branch.uri, branch.branch, revision, "A", "a@example.org", {}, "s", {}};
      commit.authored = TimePoint(std::chrono::seconds(7));
      commits.push_back(commit);
    }
    Transaction transaction(*database_);
    Commits(*database_).add(commits);
    transaction.commit();
  }
  std::vector<std::string> revisions(const std::vector<CommitBranch>& branches,
                                     std::int64_t before = 0, std::size_t limit = 10) {
    std::vector<std::string> found;
    for (const auto& commit : Commits(*database_).list(branches, before, limit)) {
      found.push_back(commit.revision);
      last_ = commit.id;
    }
    return found;
  }

  const CommitBranch main_{"https://example.org/r", "refs/heads/main"};
  const CommitBranch next_{"https://example.org/r", "refs/heads/next"};
  std::unique_ptr<Database> database_;
  std::int64_t last_ = 0;
};

TEST_P(CommitsTest, AreThereOnceForEachBranch) {
  add(main_, {"a", "b"});
  add(next_, {"b"});
  add(main_, {"b", "c"});
  EXPECT_THAT(revisions({main_}), ElementsAre("c", "b", "a"));
  EXPECT_THAT(revisions({next_}), ElementsAre("b"));
  EXPECT_EQ(Commits(*database_).newest(main_), "c");
  EXPECT_FALSE(Commits(*database_).newest({"other", ""}));
  EXPECT_EQ(Commits(*database_).find(main_, "a")->author, "A");
  EXPECT_FALSE(Commits(*database_).find(next_, "a"));
}

TEST_P(CommitsTest, AreListedByPage) {
  add(main_, {"a", "b"});
  add(next_, {"x"});
  add(main_, {"c"});
  const std::vector<CommitBranch> both{main_, next_, main_};
  EXPECT_THAT(revisions(both, 0, 2), ElementsAre("c", "x"));
  EXPECT_THAT(revisions(both, last_, 2), ElementsAre("b", "a"));
  EXPECT_THAT(revisions(both, last_, 2), ElementsAre());
  EXPECT_THAT(revisions({}), ElementsAre());
}

GRANGE_FOR_BOTH_DATABASES(CommitsTest);

}  // namespace
}  // namespace grange
