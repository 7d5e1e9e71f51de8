#include "record/kept_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "database/testing_databases.h"
#include "record/farm_history_testing.h"

namespace grange {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

class KeptResultsTest : public DatabaseKindTest {
 protected:
  void SetUp() override {
    DatabaseKindTest::SetUp();
    if (IsSkipped()) return;
    history_.emplace(location());
    jobset_ = history_->add_jobset("p", "j", false);
  }

  static std::string digest_text(const std::string& name) {
    const auto digest = sha256(name);
    return {digest.begin(), digest.begin() + 20};
  }
  static StorePath result(const std::string& name) {
    return StorePath::make(digest_text(name), name);
  }
  void finish(std::int64_t build, const std::string& name, bool keep = false) {
    auto& database = history_->database();
    Transaction transaction(database);
    FinishedBuild finished;
    finished.build = build;
    finished.outcome = Outcome::good;
    finished.outputs.emplace("out", result(name));
    Builds(database).finish({&finished, 1});
    if (keep) Builds(database).set_keep(build, true);
    transaction.commit();
  }
  std::set<StorePath> kept(std::int64_t keep) {
    return results_to_keep(history_->database(), jobset_, keep);
  }
  std::set<std::string> derivation_names() {
    std::set<std::string> names;
    for (const auto& path : derivations_to_keep(history_->database(), jobset_)) {
      names.emplace(path.name());
    }
    return names;
  }

  std::optional<FarmHistoryForTests> history_;
  std::int64_t jobset_ = 0;
};

TEST_P(KeptResultsTest, AreOfTheNewestEvaluationsWhoseBuildsHaveEndedAndOfThoseWhoseHaveNot) {
  finish(history_->evaluate(jobset_, {"a"}, 1).front(), "a1");
  finish(history_->evaluate(jobset_, {"a"}, 2).front(), "a2");
  EXPECT_THAT(kept(0), IsEmpty());
  EXPECT_THAT(kept(1), UnorderedElementsAre(result("a2")));
  EXPECT_THAT(kept(2), UnorderedElementsAre(result("a1"), result("a2")));
  const auto builds = history_->evaluate(jobset_, {"a", "b"}, 3);
  finish(builds[0], "a3");
  EXPECT_THAT(kept(0), UnorderedElementsAre(result("a3")));
  EXPECT_THAT(kept(1), UnorderedElementsAre(result("a2"), result("a3")));
  finish(builds[1], "b3");
  EXPECT_THAT(kept(1), UnorderedElementsAre(result("a3"), result("b3")));
}

TEST_P(KeptResultsTest, AreOfWhatCameSinceTheLastCompleteOneToo) {
  finish(history_->evaluate(jobset_, {"a"}, 1).front(), "a1");
  finish(history_->evaluate(jobset_, {"a"}, 2, false).front(), "a2");
  EXPECT_THAT(kept(1), UnorderedElementsAre(result("a1"), result("a2")));
  finish(history_->evaluate(jobset_, {"a"}, 3, false).front(), "a3");
  EXPECT_THAT(kept(1), UnorderedElementsAre(result("a1"), result("a3")));
  finish(history_->evaluate(jobset_, {"a"}, 4).front(), "a4");
  EXPECT_THAT(kept(1), UnorderedElementsAre(result("a4")));
}

TEST_P(KeptResultsTest, AreOfBuildsThatAreMarked) {
  EXPECT_THAT(results_of_kept_builds(history_->database()), IsEmpty());
  finish(history_->evaluate(jobset_, {"a"}, 1).front(), "a1", true);
  finish(history_->evaluate(jobset_, {"a"}, 2).front(), "a2");
  EXPECT_THAT(results_of_kept_builds(history_->database()), UnorderedElementsAre(result("a1")));
}

TEST_P(KeptResultsTest, NeedDerivationsOfUnfinishedBuildsAndOfTheLastEvaluation) {
  EXPECT_THAT(derivation_names(), IsEmpty());
  const auto first = history_->evaluate(jobset_, {"a", "b"}, 1);
  history_->finish(first[0], Outcome::failed);
  EXPECT_THAT(derivation_names(), UnorderedElementsAre("a-1.drv", "b-1.drv"));
  const auto second = history_->evaluate(jobset_, {"a", "b"}, 2);
  history_->finish(second[0], Outcome::failed);
  EXPECT_THAT(derivation_names(), UnorderedElementsAre("b-1.drv", "a-2.drv", "b-2.drv"));
  history_->finish(first[1], Outcome::good);
  EXPECT_THAT(derivation_names(), UnorderedElementsAre("a-2.drv", "b-2.drv"));
}

GRANGE_FOR_BOTH_DATABASES(KeptResultsTest);

}  // namespace
}  // namespace grange
