#include "record/record.h"

#include <thread>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/fault.h"
#include "database/testing_databases.h"

namespace grange {
namespace {

OutputSetId output_set(int number) {
  return OutputSetId(sha256("output set " + std::to_string(number)));
}

StorePath recipe(int number, const std::string& name = "hello-2.12") {
  return StorePath::parse(
      nix32_encode(ByteView(sha256("recipe " + std::to_string(number))).first(20)) + "-" + name +
      ".drv");
}

TimePoint at(double seconds) {
  return TimePoint(std::chrono::duration_cast<TimePoint::duration>(Seconds(1e9 + seconds)));
}

AttemptRecord attempt(int set, Outcome outcome, double seconds = 1, int number = 0,
                      bool fixed_output = false, const std::string& policy = "sandboxed") {
  AttemptRecord record{output_set(set), recipe(set * 10 + number), fixed_output, policy, {}};
  record.result.outcome = outcome;
  record.result.message = "message " + std::string(to_string(outcome));
  record.result.log_tail = "the end";
  record.result.start = at(0);
  record.result.stop = at(seconds);
  return record;
}

EvaluationRecord evaluation(int seed, std::size_t targets = 3,
                            const std::string& selection = "all") {
  EvaluationRecord record;
  record.selection = selection;
  record.started = at(0);
  record.finished = at(5);
  record.map.complete = true;
  record.map.commit = "commit " + std::to_string(seed);
  for (std::size_t i = 0; i < targets; ++i) {
    const int number = seed * 100000 + static_cast<int>(i);
    record.map.targets.emplace("target " + std::to_string(i),
                               Target{{"target"},
                                      recipe(number),
                                      "hello-2.12",
                                      "x86_64-linux",
                                      {"out"},
                                      output_set(number),
                                      i == 0 ? Outcome::failed : Outcome::good});
  }
  record.map.errors.emplace("broken", TargetError{{"broken"}, "it throws"});
  return record;
}

class RecordTest : public DatabaseKindTest {
 protected:
  std::unique_ptr<Record> open(std::uint64_t kept = 100) {
    return Record::open(location(), {.kept_evaluations = kept});
  }
};

TEST_P(RecordTest, AnEvaluationReadsBackAfterReopening) {
  EXPECT_EQ(open()->last_complete("all"), std::nullopt);
  const auto id = open()->add_evaluation(evaluation(1));
  const auto read = open()->last_complete("all");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, id);
  EXPECT_EQ(read->selection, "all");
  EXPECT_EQ(read->started, at(0));
  EXPECT_EQ(read->finished, at(5));
  EXPECT_TRUE(read->map.complete);
  EXPECT_EQ(read->map.commit, "commit 1");
  EXPECT_EQ(read->map.errors.at("broken").error, "it throws");
  EXPECT_EQ(read->map.targets.at("target 0").outcome, Outcome::failed);
  EXPECT_EQ(read->map.targets.at("target 1").outcome, Outcome::good);
  EXPECT_EQ(read->map.targets.at("target 2").output_set, output_set(100002));
  EXPECT_EQ(open()->last_complete("other"), std::nullopt);
}

TEST_P(RecordTest, ConflictsAreKeptNewestFirst) {
  const auto conflict = [](char digit) {
    return RealisationConflict{DrvOutput::parse("sha256:" + std::string(64, digit) + "!out"),
                               StorePath::parse(std::string(32, 'a') + "-kept"),
                               StorePath::parse(std::string(32, 'b') + "-refused")};
  };
  open()->add_conflicts({}, at(1));
  open()->add_conflicts({conflict('1'), conflict('2')}, at(2));
  const auto kept = open()->conflicts();
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].conflict.id, conflict('2').id);
  EXPECT_EQ(kept[0].found, at(2));
  EXPECT_EQ(kept[0].conflict.kept.name(), "kept");
  EXPECT_EQ(kept[0].conflict.refused.name(), "refused");
  EXPECT_EQ(open()->conflicts(1).size(), 1U);
}

TEST_P(RecordTest, TheLastCompleteOneIsTheNewestOfItsSelection) {
  const auto record = open();
  record->add_evaluation(evaluation(1));
  const auto second = record->add_evaluation(evaluation(2));
  record->add_evaluation(evaluation(3, 3, "other"));
  auto incomplete = evaluation(4);
  incomplete.map.complete = false;
  record->add_evaluation(incomplete);
  EXPECT_EQ(record->last_complete("all")->id, second);
  EXPECT_EQ(record->selections(), (std::vector<std::string>{"all", "other"}));
}

TEST_P(RecordTest, CompleteOnesAreListedNewestFirstAndReadLabelByLabel) {
  const auto record = open();
  const auto first = record->add_evaluation(evaluation(1));
  const auto second = record->add_evaluation(evaluation(2));
  record->add_evaluation(evaluation(3, 3, "other"));
  EXPECT_EQ(record->complete_evaluations("all", 9), (std::vector{second, first}));
  EXPECT_EQ(record->complete_evaluations("all", 1), std::vector{second});
  EXPECT_TRUE(record->complete_evaluations("none", 9).empty());
  const auto one = record->evaluation(first, "target 1");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->map.commit, "commit 1");
  ASSERT_EQ(one->map.targets.size(), 1U);
  EXPECT_EQ(one->map.targets.at("target 1").outcome, Outcome::good);
  EXPECT_TRUE(record->evaluation(first, "no target")->map.targets.empty());
}

TEST_P(RecordTest, KeepsTheLastOnesAndEqualMapsOnce) {
  const auto record = open(3);
  const auto complete = record->add_evaluation(evaluation(0));
  for (int i = 1; i <= 5; ++i) {
    auto incomplete = evaluation(i % 2);  // two maps in turn
    incomplete.map.complete = false;
    record->add_evaluation(incomplete);
  }
  EXPECT_EQ(record->last_complete("all")->id, complete);  // however old it is
  const auto database = open_database(location());
  const auto count = [&](const std::string& what) {
    auto statement = database->prepare("SELECT count(*) FROM " + what);
    return statement.step() ? statement.integer(0) : -1;
  };
  EXPECT_EQ(count("ci_evaluations"), 4);
  EXPECT_EQ(count("maps"), 2);
  for (int i = 10; i < 13; ++i) record->add_evaluation(evaluation(i));
  EXPECT_EQ(count("ci_evaluations"), 3);
  EXPECT_EQ(count("maps"), 3);
  // What only forgotten maps said is forgotten too.
  EXPECT_FALSE(record->recipe_was_tried(recipe(1)));
  EXPECT_EQ(record->outcome(output_set(1)), Outcome::unknown);
  EXPECT_TRUE(record->recipe_was_tried(recipe(1200001)));
  EXPECT_EQ(record->outcome(output_set(1200001)), Outcome::good);
  EXPECT_EQ(record->outcome(output_set(1200000)), Outcome::unknown);
}

TEST_P(RecordTest, AFailureLastsUntilTheSameSucceeds) {
  const auto record = open();
  record->add_attempts({attempt(1, Outcome::failed)});
  // Of any recipe: an input-addressed failure belongs to the output set and the policy.
  const auto failure = record->lasting_failure(output_set(1), recipe(99), false, "sandboxed");
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->recipe, recipe(10));
  EXPECT_EQ(failure->result.outcome, Outcome::failed);
  EXPECT_EQ(failure->result.message, "message failed");
  EXPECT_EQ(failure->result.log_tail, "the end");
  EXPECT_EQ(failure->result.stop, at(1));
  EXPECT_FALSE(record->lasting_failure(output_set(1), recipe(10), false, "unsandboxed"));
  EXPECT_FALSE(record->lasting_failure(output_set(2), recipe(10), false, "sandboxed"));
  // Success under another policy says nothing about this one.
  record->add_attempts({attempt(1, Outcome::good, 1, 0, false, "unsandboxed")});
  EXPECT_TRUE(record->lasting_failure(output_set(1), recipe(10), false, "sandboxed"));
  record->add_attempts({attempt(1, Outcome::good, 1, 5)});
  EXPECT_FALSE(record->lasting_failure(output_set(1), recipe(10), false, "sandboxed"));
  record->add_attempts({attempt(1, Outcome::timed_out)});
  EXPECT_EQ(record->lasting_failure(output_set(1), recipe(10), false, "sandboxed")->result.outcome,
            Outcome::timed_out);
}

TEST_P(RecordTest, AFixedOutputsFailureIsItsRecipes) {
  const auto record = open();
  record->add_attempts({attempt(1, Outcome::failed, 1, 0, true)});
  EXPECT_TRUE(record->lasting_failure(output_set(1), recipe(10), true, "sandboxed"));
  EXPECT_FALSE(record->lasting_failure(output_set(1), recipe(11), true, "sandboxed"));
  EXPECT_EQ(record->outcome(output_set(1)), Outcome::failed);
  // The repaired twin works; the broken one stays broken, and takes nothing away.
  record->add_attempts({attempt(1, Outcome::good, 1, 1, true)});
  EXPECT_EQ(record->outcome(output_set(1)), Outcome::good);
  record->add_attempts({attempt(1, Outcome::hash_mismatch, 1, 0, true)});
  EXPECT_EQ(record->outcome(output_set(1)), Outcome::good);
  EXPECT_EQ(record->lasting_failure(output_set(1), recipe(10), true, "sandboxed")->result.outcome,
            Outcome::hash_mismatch);
  EXPECT_FALSE(record->lasting_failure(output_set(1), recipe(11), true, "sandboxed"));
}

TEST_P(RecordTest, WhatSaysNothingNeverCounts) {
  const auto record = open();
  for (const auto outcome :
       {Outcome::aborted, Outcome::unknown, Outcome::dependency_failed, Outcome::unsupported}) {
    record->add_attempts({attempt(1, outcome)});
    EXPECT_FALSE(record->lasting_failure(output_set(1), recipe(10), false, "sandboxed"));
    EXPECT_EQ(record->outcome(output_set(1)), Outcome::unknown);
    EXPECT_FALSE(record->recipe_was_tried(recipe(10)));
  }
  // Nor does it clear a failure.
  record->add_attempts({attempt(1, Outcome::failed), attempt(1, Outcome::aborted)});
  EXPECT_TRUE(record->lasting_failure(output_set(1), recipe(10), false, "sandboxed"));
  EXPECT_EQ(record->outcome(output_set(1)), Outcome::failed);
}

TEST_P(RecordTest, AGoodTargetClearsTheOutcome) {
  const auto record = open();
  record->add_attempts({attempt(100001, Outcome::failed)});
  EXPECT_EQ(record->outcome(output_set(100001)), Outcome::failed);
  record->add_evaluation(evaluation(1));  // found in a cache, say
  EXPECT_EQ(record->outcome(output_set(100001)), Outcome::good);
}

TEST_P(RecordTest, ImpureAttemptsAreKeptWithoutAnOutputSet) {
  const auto record = open();
  auto impure = attempt(1, Outcome::good, 7);
  impure.output_set.reset();
  record->add_attempts({impure});
  EXPECT_EQ(record->expected_seconds(output_set(1), "hello-3"), 7.0);
  EXPECT_TRUE(record->recipe_was_tried(impure.recipe));
}

TEST_P(RecordTest, ExpectedSecondsAreTheMedianElseThePackages) {
  const auto record = open();
  EXPECT_EQ(record->expected_seconds(output_set(1), "hello-2.12"), std::nullopt);
  record->add_attempts({attempt(1, Outcome::good, 10), attempt(1, Outcome::good, 1000),
                        attempt(1, Outcome::good, 11), attempt(1, Outcome::failed, 1)});
  auto waited = attempt(1, Outcome::good, 0);
  waited.result.already_valid = true;
  record->add_attempts({waited, waited, waited});
  EXPECT_EQ(record->expected_seconds(output_set(1), "hello-2.12"), 11.0);
  EXPECT_EQ(record->expected_seconds(output_set(2), "hello-2.13"), 11.0);
  EXPECT_EQ(record->expected_seconds(output_set(2), "other-2.13"), std::nullopt);
  // Only the last five count.
  for (int i = 0; i < 5; ++i) record->add_attempts({attempt(1, Outcome::good, 20)});
  EXPECT_EQ(record->expected_seconds(output_set(1), "hello-2.12"), 20.0);
}

TEST_P(RecordTest, BatchesAnswerInOrder) {
  const auto record = open();
  record->add_attempts({attempt(1, Outcome::good, 3), attempt(2, Outcome::failed)});
  const std::vector<OutputSetId> sets = {output_set(2), output_set(3), output_set(1)};
  EXPECT_EQ(record->outcomes(sets),
            (std::vector<Outcome>{Outcome::failed, Outcome::unknown, Outcome::good}));
  const std::vector<FailureQuery> failures = {{output_set(1), recipe(10)},
                                              {output_set(2), recipe(20)}};
  const auto found = record->lasting_failures(failures, "sandboxed");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_FALSE(found[0]);
  EXPECT_TRUE(found[1]);
  EXPECT_TRUE(record->lasting_failures({}, "sandboxed").empty());
  const std::vector<StorePath> recipes = {recipe(20), recipe(10)};
  EXPECT_EQ(record->recipes_were_tried(recipes), (std::vector<bool>{false, true}));
}

TEST_P(RecordTest, ManyAreAnsweredAsOneIs) {
  const auto record = open();
  auto map = evaluation(1, 200);
  map.map.targets.at("target 7").derivation = map.map.targets.at("target 8").derivation;
  map.map.targets.at("target 7").output_set = map.map.targets.at("target 8").output_set;
  record->add_evaluation(map);
  for (int set = 0; set < 12; ++set) {
    const bool fixed = set % 3 == 0;
    for (int time = 0; time < 7; ++time) {
      const auto outcome = set % 2 == 0 || time < 3 ? Outcome::good : Outcome::failed;
      record->add_attempts({attempt(set, outcome, time * set, time % 2, fixed)});
    }
  }
  std::vector<OutputSetId> sets;
  std::vector<StorePath> recipes;
  std::vector<FailureQuery> failures;
  std::vector<DurationQuery> durations;
  for (const int set : {3, 99, 0, 1, 2, 4, 5, 6, 7, 8, 3, 100001, 100007, 100008, 100199, 100200}) {
    sets.push_back(output_set(set));
    durations.push_back({output_set(set), set % 5 == 0 ? "hello-1" : "other-1"});
    for (const int number : {0, 1, 2}) {
      recipes.push_back(recipe(set * 10 + number));
      failures.push_back({output_set(set), recipes.back(), set % 3 == 0});
    }
    recipes.push_back(recipe(set));
  }
  const auto outcomes = record->outcomes(sets);
  const auto expected = record->expected_durations(durations);
  for (std::size_t i = 0; i < sets.size(); ++i) {
    EXPECT_EQ(outcomes[i], record->outcome(sets[i])) << i;
    EXPECT_EQ(expected[i], record->expected_seconds(durations[i].output_set, durations[i].name))
        << i;
  }
  const auto tried = record->recipes_were_tried(recipes);
  for (std::size_t i = 0; i < recipes.size(); ++i) {
    EXPECT_EQ(tried[i], record->recipe_was_tried(recipes[i])) << i;
  }
  const auto failed = record->lasting_failures(failures, "sandboxed");
  for (std::size_t i = 0; i < failures.size(); ++i) {
    const auto& [set, one, fixed] = failures[i];
    const auto alone = record->lasting_failure(set, one, fixed, "sandboxed");
    ASSERT_EQ(failed[i].has_value(), alone.has_value()) << i;
    if (alone) {
      EXPECT_EQ(failed[i]->recipe, alone->recipe) << i;
    }
  }
}

AttemptRecord check(int set, Outcome outcome, bool equal, int number = 0) {
  auto record = attempt(set, outcome, 1, number, false, "check sandboxed");
  record.result.check = true;
  const auto first = hash_bytes(HashAlgorithm::sha256, "first");
  record.result.compared.emplace(
      "out", OutputComparison{first, equal ? first : hash_bytes(HashAlgorithm::sha256, "again")});
  record.result.compared.emplace("dev", OutputComparison{first, first});
  return record;
}

TEST_P(RecordTest, ChecksAreRememberedAndTakeNothingAway) {
  open()->add_attempts({attempt(1, Outcome::good), check(1, Outcome::good, true),
                        check(1, Outcome::not_deterministic, false)});
  const auto record = open();
  const auto checks = record->checks(output_set(1));
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_EQ(checks[0].result.outcome, Outcome::not_deterministic);
  EXPECT_TRUE(checks[0].result.check);
  EXPECT_EQ(checks[0].policy, "check sandboxed");
  EXPECT_EQ(checks[0].recipe, recipe(10));
  EXPECT_EQ(checks[0].result.stop, at(1));
  ASSERT_EQ(checks[0].result.compared.size(), 2U);
  EXPECT_FALSE(checks[0].result.compared.at("out").equal());
  EXPECT_EQ(checks[0].result.compared.at("out").again, hash_bytes(HashAlgorithm::sha256, "again"));
  EXPECT_TRUE(checks[0].result.compared.at("dev").equal());
  EXPECT_TRUE(checks[1].result.compared.at("out").equal());
  EXPECT_EQ(record->checks(output_set(1), 1).size(), 1U);
  EXPECT_TRUE(record->checks(output_set(2)).empty());
  EXPECT_EQ(record->outcome(output_set(1)), Outcome::good);
  EXPECT_FALSE(record->lasting_failure(output_set(1), recipe(10), false, "sandboxed"));
  EXPECT_FALSE(record->lasting_failure(output_set(1), recipe(10), false, "check sandboxed"));
  // Not even a check whose builder fails says that what is there is not good.
  auto failed = check(1, Outcome::failed, true);
  failed.result.compared.clear();
  record->add_attempts({failed});
  EXPECT_EQ(record->checks(output_set(1)).size(), 3U);
  EXPECT_EQ(record->outcome(output_set(1)), Outcome::good);
  EXPECT_FALSE(record->lasting_failure(output_set(1), recipe(10), false, "sandboxed"));
}

TEST_P(RecordTest, ACheckThatFindsTheSameMakesNothingGood) {
  const auto record = open();
  record->add_attempts({attempt(1, Outcome::failed_with_output), check(1, Outcome::good, true)});
  EXPECT_EQ(record->outcome(output_set(1)), Outcome::failed_with_output);
  EXPECT_FALSE(record->recipe_was_tried(recipe(10)));
  // Of a fixed output it says that this recipe works.
  auto source = check(2, Outcome::good, true);
  source.fixed_output = true;
  record->add_attempts({source});
  EXPECT_TRUE(record->recipe_was_tried(source.recipe));
}

TEST_P(RecordTest, ARepetitionThatDiffersIsNoLastingFailure) {
  const auto record = open();
  auto repeated = check(1, Outcome::not_deterministic, false);
  repeated.result.check = false;
  repeated.policy = "sandboxed";
  record->add_attempts({repeated});
  EXPECT_EQ(record->checks(output_set(1)).size(), 1U);
  EXPECT_EQ(record->outcome(output_set(1)), Outcome::unknown);
  EXPECT_FALSE(record->lasting_failure(output_set(1), recipe(10), false, "sandboxed"));
}

TEST_P(RecordTest, ARecipesHistoryIsItsOwnAndThePolicies) {
  const auto record = open();
  const std::vector<RecipeQuery> queries = {
      {output_set(1), recipe(10)}, {output_set(1), recipe(11)}, {output_set(2), recipe(20)}};
  const std::vector<std::string> policies = {"normal", "check"};
  EXPECT_FALSE(record->recipe_histories(queries, policies)[0].last);
  record->add_attempts({attempt(1, Outcome::good, 1, 0, true, "normal"),
                        attempt(1, Outcome::failed, 1, 1, true, "check"),
                        attempt(1, Outcome::good, 1, 1, true, "another"),
                        attempt(1, Outcome::aborted, 1, 1, true, "normal")});
  auto histories = record->recipe_histories(queries, policies);
  ASSERT_EQ(histories.size(), 3U);
  EXPECT_EQ(histories[0].last->result.outcome, Outcome::good);
  EXPECT_TRUE(histories[0].made_by_another) << "under whatever policy";
  EXPECT_EQ(histories[1].last->result.outcome, Outcome::failed);
  EXPECT_EQ(histories[1].last->policy, "check");
  EXPECT_TRUE(histories[1].made_by_another);
  EXPECT_FALSE(histories[2].last);
  EXPECT_FALSE(histories[2].made_by_another);
}

TEST_P(RecordTest, LongTextsAreCut) {
  auto loud = attempt(1, Outcome::failed);
  loud.result.message = "first" + std::string(1 << 20, 'm');
  loud.result.log_tail = std::string(1 << 20, 'l') + "last";
  open()->add_attempts({loud});
  const auto failure = open()->lasting_failure(output_set(1), recipe(10), false, "sandboxed");
  EXPECT_EQ(failure->result.message.size(), 64U * 1024);
  EXPECT_TRUE(failure->result.message.starts_with("first"));
  EXPECT_TRUE(failure->result.log_tail.ends_with("last"));
}

TEST_P(RecordTest, TextsThatAreNoUtf8AreKeptAsNearAsCanBe) {
  auto odd = attempt(1, Outcome::failed);
  odd.result.message = std::string("nul \0 latin \xfc and ü", 20);
  odd.result.log_tail = "\xbc half a character" + std::string(64 * 1024 - 2, 'l') + "ü";
  const auto record = open();
  record->add_attempts({odd});
  const auto kept = record->lasting_failure(output_set(1), recipe(10), false, "sandboxed");
  EXPECT_EQ(kept->result.message, "nul ? latin ? and ü");
  EXPECT_TRUE(kept->result.log_tail.ends_with("lü"));
}

TEST_P(RecordTest, AFaultBeforeTheCommitLeavesTheOldState) {
  const auto record = open();
  record->add_evaluation(evaluation(1));
  set_fault("record.before-commit=eio");
  EXPECT_THROW(record->add_evaluation(evaluation(2)), Error);
  set_fault("record.before-commit=enospc");
  EXPECT_THROW(record->add_attempts({attempt(1, Outcome::failed)}), Error);
  set_fault("");
  EXPECT_EQ(record->last_complete("all")->map.commit, "commit 1");
  EXPECT_EQ(record->outcome(output_set(1)), Outcome::unknown);
  record->add_evaluation(evaluation(2));
  EXPECT_EQ(record->last_complete("all")->map.commit, "commit 2");
}

TEST_P(RecordTest, GoesOnAfterItsConnectionsWereLost) {
  if (is_sqlite()) GTEST_SKIP() << "there are none";
  const auto record = open();
  record->add_attempts({attempt(1, Outcome::failed)});
  const auto database = open_database(location());
  auto cut = database->prepare(
      "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE "
      "datname = current_database() AND pid <> pg_backend_pid()");
  ASSERT_TRUE(cut.step());
  EXPECT_EQ(record->outcome(output_set(1)), Outcome::failed);
  record->add_attempts({attempt(1, Outcome::good)});
  EXPECT_EQ(record->outcome(output_set(1)), Outcome::good);
}

TEST_P(RecordTest, SeveralWritersAtOnce) {
  constexpr int kThreads = 4, kEach = 8;
  const auto shared = open();
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      // Every other one has the file open for itself, as another process would.
      const auto own = i % 2 == 0 ? open() : nullptr;
      Record& record = own ? *own : *shared;
      for (int j = 0; j < kEach; ++j) {
        record.add_attempts({attempt(i * kEach + j, Outcome::good)});
        record.add_evaluation(evaluation(i, 5, "thread " + std::to_string(i)));
      }
    });
  }
  threads.clear();
  for (int i = 0; i < kThreads; ++i) {
    EXPECT_TRUE(shared->last_complete("thread " + std::to_string(i)));
    for (int j = 0; j < kEach; ++j) {
      EXPECT_EQ(shared->outcome(output_set(i * kEach + j)), Outcome::good);
    }
  }
}

GRANGE_FOR_BOTH_DATABASES(RecordTest);

}  // namespace
}  // namespace grange
