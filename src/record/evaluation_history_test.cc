#include "record/evaluation_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/compression.h"
#include "base/error.h"
#include "database/testing_databases.h"
#include "record/builds.h"
#include "record/derivations.h"
#include "record/jobsets.h"
#include "record/projects.h"
#include "record/rows.h"
#include "record/schema.h"
#include "record/unchanged_targets.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr TimePoint kDawn{std::chrono::hours(24 * 365 * 50)};

/// A jobset whose evaluations are written down: label → number of a derivation. Derivations with
/// equal tens have equal output sets; of the number 0 there is none.
class EvaluationHistoryTest : public DatabaseKindTest {
 protected:
  void SetUp() override {
    DatabaseKindTest::SetUp();
    if (IsSkipped()) return;
    database_ = open_database(location(), {.durable = false});
    migrate_record(*database_);
    Transaction transaction(*database_);
    ProjectSettings project;
    project.name = project.display_name = "project";
    const auto id = Projects(*database_).create(project, "");
    JobsetSettings settings;
    settings.name = "jobset";
    jobset_ = Jobsets(*database_).create(id, settings, "");
    transaction.commit();
  }

  std::int64_t derivation(int number) {
    const auto digest = sha256("derivation " + std::to_string(number));
    const auto bytes = ByteView(digest).first(20);
    if (const auto id = find_integer(*database_, "SELECT id FROM derivations WHERE digest = ?1",
                                     BlobValue{bytes})) {
      return *id;
    }
    run(*database_, "INSERT INTO systems (id, name) VALUES (1, 'x') ON CONFLICT DO NOTHING");
    std::optional<std::int64_t> set;
    if (number != 0) {
      const OutputSetId promise(sha256("promise " + std::to_string(number / 10)));
      set = output_set_ids(*database_, {{promise}}).front();
    }
    return *find_integer(*database_,
                         "INSERT INTO derivations (digest, name, gnu, system, output_set, "
                         "unverified, inputs, content) "
                         "VALUES (?1, ?2, 0, 1, ?3, ?4, ?5, ?5) RETURNING id",
                         BlobValue{bytes}, "d" + std::to_string(number), set, number == 0,
                         BlobValue{});
  }

  /// Complete, with new builds for what is not as it was. Its number.
  std::int64_t evaluate(const std::map<std::string, int>& targets,
                        const std::string& facts = "{}") {
    Transaction transaction(*database_);
    EvaluationHistory history(*database_);
    NewEvaluation evaluation;
    evaluation.jobset = jobset_;
    evaluation.started = kDawn;
    const auto id = history.begin(evaluation);
    const auto current = history.current(jobset_);
    std::vector<TargetRow> rows;
    std::vector<TargetRow> unchanged;
    for (const auto& [label, number] : targets) {
      TargetRow row{label, derivation(number), history.facts_id(facts), 0};
      const auto found = current.find(label);
      if (found != current.end() && found->second.target.derivation == row.derivation) {
        row.build = found->second.target.build;
        if (found->second.target.facts == row.facts) {
          unchanged.push_back(row);
          continue;
        }
      } else {
        NewBuild build;
        build.jobset = jobset_;
        build.label = label;
        build.derivation = row.derivation;
        build.evaluation = id;
        build.facts = row.facts;
        build.queued = kDawn;
        row.build = Builds(*database_).add({{build}}).front();
      }
      rows.push_back(row);
    }
    history.add_targets(id, rows);
    history.add_unchanged(id, unchanged);
    history.complete(id, kDawn);
    transaction.commit();
    return id;
  }

  EvaluationRow row(std::int64_t id) { return EvaluationHistory(*database_).find(id).value(); }

  std::vector<std::pair<std::string, std::string>> verdicts(std::int64_t id) {
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& target : EvaluationHistory(*database_).targets(row(id), {})) {
      found.emplace_back(target.target.label,
                         target.verdict ? std::string(to_string(*target.verdict)) : "-");
    }
    return found;
  }

  std::map<std::string, std::int64_t> builds(std::int64_t id) {
    std::map<std::string, std::int64_t> found;
    for (const auto& target : EvaluationHistory(*database_).targets(row(id), {})) {
      found.emplace(target.target.label, target.target.build);
    }
    return found;
  }

  void finish(std::int64_t build, Outcome outcome) {
    Transaction transaction(*database_);
    FinishedBuild finished;
    finished.build = build;
    finished.outcome = outcome;
    finished.started = finished.stopped = kDawn;
    Builds(*database_).finish({{finished}});
    transaction.commit();
  }

  std::unique_ptr<Database> database_;
  std::int64_t jobset_ = 0;
};

TEST_P(EvaluationHistoryTest, VerdictsAreByDerivationAndOutputSet) {
  const auto first = evaluate({{"a", 10}, {"b", 20}, {"c", 30}, {"gone", 40}});
  EXPECT_THAT(verdicts(first),
              ElementsAre(Pair("a", "-"), Pair("b", "-"), Pair("c", "-"), Pair("gone", "-")));
  const auto second = evaluate({{"a", 10}, {"b", 21}, {"c", 50}, {"fresh", 60}, {"impure", 0}});
  EXPECT_THAT(verdicts(second),
              ElementsAre(Pair("a", "same"), Pair("b", "equivalent"), Pair("c", "changed"),
                          Pair("fresh", "new"), Pair("impure", "new")));
  const auto evaluation = row(second);
  EXPECT_EQ(evaluation.base, first);
  EXPECT_EQ(evaluation.verdicts, (VerdictCounts{1, 1, 1, 0, 2, 1}));
  const auto removed = EvaluationHistory(*database_).removed(evaluation, {});
  ASSERT_EQ(removed.size(), 1U);
  EXPECT_EQ(removed.front().target.label, "gone");
}

TEST_P(EvaluationHistoryTest, ItCostsWhatHasChanged) {
  std::map<std::string, int> targets;
  for (int i = 0; i < 100; ++i) targets.emplace("t" + std::to_string(i), 1000 + 10 * i);
  evaluate(targets);
  targets["t7"] = 5000;
  evaluate(targets);
  EXPECT_EQ(find_integer(*database_, "SELECT count(*) FROM targets"), 101);
  EXPECT_EQ(find_integer(*database_, "SELECT count(*) FROM partial_targets"), 0);
  evaluate(targets, "{\"meta\":{}}");  // facts alone are a change, too
  EXPECT_EQ(find_integer(*database_, "SELECT count(*) FROM targets"), 201);
}

TEST_P(EvaluationHistoryTest, EveryEvaluationIsReadAsItWasHoweverManyFollow) {
  std::map<std::int64_t, std::map<std::string, int>> written;
  std::map<std::string, int> targets;
  for (int i = 0; i < 40; ++i) targets.emplace("t" + std::to_string(i), 1000 + 10 * i);
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 40; ++i) {
      if ((i + round) % 2 == 0) targets["t" + std::to_string(i)] = 1000 + 10 * i + round * 1000;
    }
    if (round % 7 == 3) targets.erase("t5");
    written.emplace(evaluate(targets), targets);
  }
  EXPECT_GT(row(written.rbegin()->first).epoch, 1) << "so many closed rows begin a new epoch";
  for (const auto& [id, expected] : written) {
    std::map<std::string, std::int64_t> derivations;
    for (const auto& [label, number] : expected) derivations.emplace(label, derivation(number));
    std::map<std::string, std::int64_t> got;
    const auto evaluation = row(id);
    for (const auto& target : EvaluationHistory(*database_).targets(evaluation, {})) {
      got.emplace(target.target.label, target.target.derivation);
    }
    EXPECT_EQ(got, derivations) << id;
    const auto [count, digest] = EvaluationHistory(*database_).rebuild(evaluation);
    EXPECT_EQ(count, evaluation.targets);
    EXPECT_EQ(digest, evaluation.digest);
  }
}

TEST_P(EvaluationHistoryTest, CountsFollowTheBuilds) {
  const auto first = evaluate({{"a", 10}, {"b", 20}});
  const auto second = evaluate({{"a", 10}, {"b", 30}});
  EXPECT_EQ(row(first).queued, 2);
  const auto a = builds(first).at("a");
  EXPECT_EQ(builds(second).at("a"), a);
  finish(a, Outcome::good);
  EXPECT_EQ(std::tuple(row(first).queued, row(first).good), std::tuple(1, 1));
  EXPECT_EQ(std::tuple(row(second).queued, row(second).good), std::tuple(1, 1));
  finish(builds(second).at("b"), Outcome::failed);
  EXPECT_EQ(row(first).failed, 0);
  EXPECT_EQ(row(second).failed, 1);
  finish(a, Outcome::failed);  // it has ended: nothing is taken of that
  EXPECT_EQ(row(second).good, 1);
  Transaction transaction(*database_);
  EXPECT_THAT(Builds(*database_).restart({{a, builds(first).at("b")}}, kDawn), ElementsAre(a));
  transaction.commit();
  EXPECT_EQ(std::tuple(row(first).queued, row(first).good), std::tuple(2, 0));
  const auto jobset = Jobsets(*database_).find(jobset_).value();
  EXPECT_EQ(std::tuple(jobset.status.queued_builds, jobset.status.good_builds,
                       jobset.status.failed_builds),
            std::tuple(2, 0, 1));
  EXPECT_THAT(EvaluationHistory(*database_).of_build(a, 10), ElementsAre(second, first));
}

TEST_P(EvaluationHistoryTest, ARunningEvaluationIsComparedWithTheLastCompleteOne) {
  evaluate({{"a", 10}, {"b", 20}});
  Transaction transaction(*database_);
  EvaluationHistory history(*database_);
  NewEvaluation evaluation;
  evaluation.jobset = jobset_;
  const auto id = history.begin(evaluation);
  const auto build = history.current(jobset_).at("b").target.build;
  history.add_targets(id, {{TargetRow{"b", derivation(21), history.facts_id("{}"), build}}});
  EXPECT_THAT(verdicts(id), ElementsAre(Pair("b", "equivalent")));
  history.fail(id, kDawn, "out of memory");
  EXPECT_EQ(row(id).state, EvaluationRow::State::failed);
  EXPECT_THAT(verdicts(id), ElementsAre(Pair("b", "equivalent")));
  EXPECT_EQ(history.last_complete(jobset_)->position, 1) << "what failed is nobody's base";
  transaction.commit();
}

TEST_P(EvaluationHistoryTest, WhatIsUnchangedIsNamedOnlyUntilTheEvaluationFails) {
  const auto first = evaluate({{"a", 10}, {"b", 20}, {"c", 30}, {"d", 40}});
  const auto rows_of = [&](std::int64_t id) {
    return *find_integer(*database_, "SELECT count(*) FROM partial_targets WHERE evaluation = ?1",
                         id);
  };
  const auto names = [&] {
    return *find_integer(*database_, "SELECT count(*) FROM unchanged_targets");
  };
  std::int64_t id = 0;
  {
    Transaction transaction(*database_);
    EvaluationHistory history(*database_);
    NewEvaluation evaluation;
    evaluation.jobset = jobset_;
    id = history.begin(evaluation);
    const auto current = history.current(jobset_);
    history.add_targets(
        id,
        {{TargetRow{"b", derivation(21), history.facts_id("{}"), current.at("b").target.build}}});
    history.add_unchanged(id, {{current.at("c").target}});
    history.add_unchanged(id, {{current.at("a").target}});
    transaction.commit();
  }
  EXPECT_EQ(std::tuple(row(id).targets, row(id).queued, rows_of(id), names()),
            std::tuple(3, 3, 1, 2));
  EXPECT_EQ(EvaluationHistory(*database_).builds(row(id)).size(), 3U);
  finish(builds(first).at("a"), Outcome::failed);  // while it runs
  Transaction transaction(*database_);
  EvaluationHistory(*database_).fail_running(kDawn, "the machine is gone");
  EXPECT_THAT(verdicts(id),
              ElementsAre(Pair("a", "same"), Pair("b", "equivalent"), Pair("c", "same")));
  EXPECT_EQ(std::tuple(row(id).targets, row(id).queued, row(id).failed, rows_of(id), names()),
            std::tuple(3, 2, 1, 3, 0));
  transaction.commit();
}

TEST_P(EvaluationHistoryTest, BuildsThatEndWhileItRunsAreCountedInTheEnd) {
  const auto first = evaluate({{"a", 10}, {"b", 20}, {"c", 30}});
  Transaction transaction(*database_);
  EvaluationHistory history(*database_);
  NewEvaluation evaluation;
  evaluation.jobset = jobset_;
  const auto id = history.begin(evaluation);
  const auto current = history.current(jobset_);
  history.add_unchanged(id, {{current.at("a").target, current.at("c").target}});
  FinishedBuild finished;
  finished.build = builds(first).at("a");
  finished.outcome = Outcome::good;
  finished.started = finished.stopped = kDawn;
  Builds(*database_).finish({{finished}});
  history.complete(id, kDawn);
  EXPECT_EQ(std::tuple(row(id).targets, row(id).queued, row(id).good), std::tuple(2, 1, 1));
  EXPECT_EQ(row(id).verdicts.removed, 1);
  EXPECT_EQ(history.rebuild(row(id)), std::pair(row(id).targets, row(id).digest.value()));
  transaction.commit();
}

TEST_P(EvaluationHistoryTest, WhatIsNotThereCannotBeUnchanged) {
  evaluate({{"a", 10}});
  Transaction transaction(*database_);
  EvaluationHistory history(*database_);
  NewEvaluation evaluation;
  evaluation.jobset = jobset_;
  const auto id = history.begin(evaluation);
  history.add_unchanged(id, {{TargetRow{"z", 1, 1, 1}}});
  EXPECT_THROW(history.complete(id, kDawn), CorruptError);
}

TEST(PackedTexts, AreTheSameAgain) {
  const std::vector<std::string> texts{"", "a", std::string("\0\n", 2), std::string(1000, 'x')};
  EXPECT_EQ(unpack_texts(pack_texts(texts)), texts);
  EXPECT_TRUE(unpack_texts(pack_texts({})).empty());
  EXPECT_THROW(unpack_texts("nonsense"), CorruptError);
  EXPECT_THROW(unpack_texts(compress(Compression::zstd, "\5ab")), CorruptError);
}

TEST_P(EvaluationHistoryTest, PagesGoByLabel) {
  const auto id = evaluate({{"a", 10}, {"b_x", 20}, {"b%x", 30}, {"c", 40}});
  TargetQuery query;
  query.limit = 2;
  EvaluationHistory history(*database_);
  auto page = history.targets(row(id), query);
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[1].target.label, "b%x");
  query.after = page[1].target.label;
  page = history.targets(row(id), query);
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0].target.label, "b_x");
  query = {};
  query.contains = "b_";
  page = history.targets(row(id), query);
  ASSERT_EQ(page.size(), 1U) << "wildcards of SQL are none here";
  EXPECT_EQ(page[0].target.label, "b_x");
  EXPECT_EQ(history.target(row(id), "c")->target.label, "c");
  EXPECT_FALSE(history.target(row(id), "bb"));
}

GRANGE_FOR_BOTH_DATABASES(EvaluationHistoryTest);

}  // namespace
}  // namespace grange
