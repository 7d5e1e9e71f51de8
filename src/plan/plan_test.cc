#include "plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/test_graph.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Names = TestGraph::Names;

BuildResult result_of(Outcome outcome, std::string message = "") {
  BuildResult result;
  result.outcome = outcome;
  result.message = std::move(message);
  return result;
}

/// A plan over a test graph, whose decisions are read as short texts: "query foo", "attempt foo".
class PlanTest : public testing::Test {
 protected:
  void begin(Plan::Options options = {.slots = 100, .keep_going = true},
             Plan::Ranking ranking = nullptr) {
    graph_.emplace(tests_.load());
    plan_.emplace(*graph_, options, std::move(ranking));
  }

  WantId want(std::size_t number, Names outputs = {}, StepLimits limits = {},
              BuildPolicy policy = {}) {
    return plan_->want(tests_.index(*graph_, number), std::move(outputs), policy, limits);
  }

  std::string name(DerivationIndex index) const {
    return std::string(graph_->path(index).derivation_name());
  }

  std::vector<std::string> take() {
    std::vector<std::string> texts;
    for (auto& decision : plan_->take_decisions()) {
      if (const auto* query = std::get_if<Plan::Query>(&decision)) {
        texts.push_back("query " + name(query->recipe));
        steps_.insert_or_assign(name(query->recipe), query->step);
        queries_.insert_or_assign(name(query->recipe), *query);
      } else if (const auto* attempt = std::get_if<Plan::Attempt>(&decision)) {
        texts.push_back("attempt " + name(attempt->recipe));
        steps_.insert_or_assign(name(attempt->recipe), attempt->step);
        attempts_.insert_or_assign(name(attempt->recipe), *attempt);
      } else if (const auto* cancel = std::get_if<Plan::Cancel>(&decision)) {
        texts.push_back("cancel " + std::to_string(static_cast<int>(cancel->step)));
      } else {
        const auto& finished = std::get<Plan::Finished>(decision);
        texts.push_back(std::to_string(static_cast<int>(finished.want)) + " " +
                        std::string(to_string(finished.outcome)));
        finished_.insert_or_assign(finished.want, finished);
      }
    }
    return texts;
  }

  StepId step(const std::string& of) const { return steps_.at(of); }
  void absent(const std::string& of) { plan_->presence(step(of), false); }
  void present(const std::string& of) { plan_->presence(step(of), true); }
  void ends(const std::string& of, Outcome outcome, std::string message = "") {
    plan_->finished(step(of), result_of(outcome, std::move(message)));
  }
  const Plan::Finished& finished(int want) const { return finished_.at(WantId(want)); }
  Names failed_inputs(int want) const {
    Names names;
    for (const auto index : finished(want).failed_inputs) names.push_back(name(index));
    return names;
  }

  TestGraph tests_;
  std::optional<DerivationGraph> graph_;
  std::optional<Plan> plan_;
  std::map<std::string, StepId> steps_;
  std::map<std::string, Plan::Query> queries_;
  std::map<std::string, Plan::Attempt> attempts_;
  std::map<WantId, Plan::Finished> finished_;
};

TEST_F(PlanTest, WhatIsPresentNeedsNothingElse) {
  const auto library = tests_.input_addressed("library", {});
  const auto program = tests_.input_addressed("program", {{library}});
  begin();
  want(program);
  EXPECT_THAT(take(), ElementsAre("query program"));
  present("program");
  EXPECT_THAT(take(), ElementsAre("0 good"));
  EXPECT_FALSE(finished(0).made);
  EXPECT_TRUE(plan_->idle());
  EXPECT_EQ(plan_->counts().present, 1U);
}

TEST_F(PlanTest, InputsAreMadeFirst) {
  const auto library = tests_.input_addressed("library", {});
  const auto tool = tests_.input_addressed("tool", {});
  const auto program = tests_.input_addressed("program", {{library}, {tool}});
  begin();
  want(program);
  EXPECT_THAT(take(), ElementsAre("query program"));
  absent("program");
  EXPECT_THAT(take(), testing::UnorderedElementsAre("query library", "query tool"));
  absent("library");
  present("tool");
  EXPECT_THAT(take(), ElementsAre("attempt library"));
  EXPECT_EQ(plan_->counts().waiting, 1U);
  EXPECT_EQ(plan_->counts().running, 1U);
  ends("library", Outcome::good);
  EXPECT_THAT(take(), ElementsAre("attempt program"));
  ends("program", Outcome::good);
  EXPECT_THAT(take(), ElementsAre("0 good"));
  EXPECT_TRUE(finished(0).made);
  EXPECT_EQ(plan_->counts().made, 2U);
}

TEST_F(PlanTest, EquivalentDerivationsMeetInOneStep) {
  const auto source = tests_.fixed("source", "text");
  const auto mirror = tests_.fixed("source", "text");
  ASSERT_NE(source, mirror);
  const auto old_program = tests_.input_addressed("program", {{source}});
  const auto new_program = tests_.input_addressed("program", {{mirror}});
  ASSERT_NE(old_program, new_program);
  begin();
  want(old_program);
  want(new_program);
  EXPECT_THAT(take(), ElementsAre("query program"));
  EXPECT_EQ(queries_.at("program").recipe, tests_.index(*graph_, new_program));
  present("program");
  EXPECT_THAT(take(), ElementsAre("0 good", "1 good"));
  EXPECT_EQ(plan_->counts().steps, 1U);
}

TEST_F(PlanTest, TheNewestRecipeIsTriedFirstAndTheNextWhenItFails) {
  const auto first = tests_.fixed("source", "text");
  const auto second = tests_.fixed("source", "text");
  const auto further = tests_.fixed("source", "text");
  begin();
  plan_->add_recipe(tests_.index(*graph_, further));
  want(first);
  want(second);
  for (const auto recipe : {second, first, further}) {
    EXPECT_THAT(take(), ElementsAre("query source"));
    EXPECT_EQ(queries_.at("source").recipe, tests_.index(*graph_, recipe));
    absent("source");
    EXPECT_THAT(take(), ElementsAre("attempt source"));
    EXPECT_EQ(attempts_.at("source").recipe, tests_.index(*graph_, recipe));
    ends("source", recipe == second ? Outcome::hash_mismatch : Outcome::failed, "no such host");
  }
  EXPECT_THAT(take(), ElementsAre("0 hash mismatch", "1 hash mismatch"));
  EXPECT_THAT(finished(0).message, HasSubstr("no such host\n3 recipes of these outputs"));
  EXPECT_EQ(plan_->counts().failed, 1U);
}

TEST_F(PlanTest, AnAttemptWithAnotherRecipeMakesUpForAFailedOne) {
  const auto dead = tests_.fixed("source", "text");
  const auto repaired = tests_.fixed("source", "text");
  const auto program = tests_.input_addressed("program", {{dead}});
  begin();
  want(program);
  plan_->add_recipe(tests_.index(*graph_, repaired));
  take();
  absent("program");
  take();
  absent("source");
  take();
  EXPECT_EQ(attempts_.at("source").recipe, tests_.index(*graph_, dead));
  ends("source", Outcome::failed);
  EXPECT_THAT(take(), ElementsAre("query source"));
  absent("source");
  EXPECT_THAT(take(), ElementsAre("attempt source"));
  EXPECT_EQ(attempts_.at("source").recipe, tests_.index(*graph_, repaired));
  ends("source", Outcome::good);
  EXPECT_THAT(take(), ElementsAre("attempt program"));
}

TEST_F(PlanTest, AFailureReachesAllThatNeedIt) {
  const auto bad = tests_.input_addressed("bad", {});
  const auto worse = tests_.input_addressed("worse", {});
  const auto fine = tests_.input_addressed("fine", {});
  const auto middle = tests_.input_addressed("middle", {{bad}});
  const auto top = tests_.input_addressed("top", {{middle}, {fine}, {worse}});
  begin();
  want(top);
  want(bad);
  take();
  absent("top");
  absent("bad");
  take();
  for (const auto* of : {"middle", "fine", "worse"}) absent(of);
  take();
  ends("bad", Outcome::failed, "exit code 1");
  EXPECT_THAT(take(), ElementsAre("1 failed"));
  EXPECT_EQ(finished(1).message, "exit code 1");
  EXPECT_THAT(finished(1).failed_inputs, IsEmpty());
  ends("worse", Outcome::timed_out);
  EXPECT_THAT(take(), IsEmpty()) << "its other inputs go on";
  ends("fine", Outcome::good);
  EXPECT_THAT(take(), ElementsAre("0 dependency failed"));
  EXPECT_THAT(failed_inputs(0), testing::UnorderedElementsAre("bad", "worse"));
  EXPECT_THAT(finished(0).message, HasSubstr("which failed ("));
  EXPECT_EQ(plan_->counts().failed, 2U);
  EXPECT_EQ(plan_->counts().dependency_failed, 2U);
}

TEST_F(PlanTest, AbortedSaysNothingOfWhatNeedsIt) {
  const auto input = tests_.input_addressed("input", {});
  const auto top = tests_.input_addressed("top", {{input}});
  begin();
  want(top);
  want(input);
  take();
  absent("top");
  absent("input");
  take();
  ends("input", Outcome::aborted, "no space left on device");
  EXPECT_THAT(take(), ElementsAre("1 aborted", "0 aborted"));
  EXPECT_EQ(finished(1).message, "no space left on device");
  EXPECT_THAT(finished(0).message, HasSubstr("-input.drv', which was not made (no space left"));
  EXPECT_EQ(plan_->counts().aborted, 2U);
  EXPECT_EQ(plan_->counts().failed, 0U);
}

TEST_F(PlanTest, WithoutKeepGoingNothingNewStarts) {
  const auto bad = tests_.input_addressed("bad", {});
  const auto one = tests_.input_addressed("one", {});
  const auto two = tests_.input_addressed("two", {});
  const auto top = tests_.input_addressed("top", {{one}, {bad}});
  begin({.slots = 2, .keep_going = false});
  for (const auto number : {bad, one, two, top}) want(number);
  take();
  for (const auto* of : {"bad", "one", "two", "top"}) absent(of);
  EXPECT_THAT(take(), ElementsAre("attempt bad", "attempt one"));
  ends("bad", Outcome::failed);
  EXPECT_THAT(take(), ElementsAre("0 failed", "2 aborted"));
  EXPECT_THAT(finished(2).message, HasSubstr("-bad.drv' failed and nothing new starts"));
  ends("one", Outcome::good);
  EXPECT_THAT(take(), ElementsAre("1 good", "3 dependency failed"));
  EXPECT_TRUE(plan_->idle());
}

TEST_F(PlanTest, WantedOutputsGrowAndPresenceIsPerOutput) {
  const auto library = tests_.input_addressed("library", {}, {"dev", "doc", "out"});
  begin();
  want(library, {"out"});
  EXPECT_THAT(take(), ElementsAre("query library"));
  EXPECT_THAT(queries_.at("library").outputs, ElementsAre("out"));
  want(library, {"dev"});
  EXPECT_THAT(take(), IsEmpty());
  present("library");
  EXPECT_THAT(take(), ElementsAre("0 good", "query library"));
  EXPECT_THAT(queries_.at("library").outputs, ElementsAre("dev"));
  absent("library");
  EXPECT_THAT(take(), ElementsAre("attempt library"));
  want(library, {"doc"});
  EXPECT_THAT(take(), ElementsAre("query library")) << "it may be there all the same";
  EXPECT_THAT(queries_.at("library").outputs, ElementsAre("doc"));
  absent("library");
  want(library, {"out"});
  EXPECT_THAT(take(), ElementsAre("3 good"));
  ends("library", Outcome::good);
  EXPECT_THAT(take(), ElementsAre("1 good", "2 good"));
}

TEST_F(PlanTest, UnknownOutputsAreNamed) {
  const auto library = tests_.input_addressed("library", {}, {"dev", "out"});
  begin();
  want(library, {"out", "doc", "man"});
  EXPECT_THAT(take(), ElementsAre("0 unsupported"));
  EXPECT_THAT(finished(0).message, HasSubstr("-library.drv' has no output 'doc', 'man'; it has: "
                                             "dev, out"));
  EXPECT_TRUE(plan_->idle());
}

TEST_F(PlanTest, WhatCannotBeReadIsUnsupportedAndNothingIsMadeForWhatNeedsIt) {
  const auto missing = tests_.input_addressed("missing", {});
  const auto malformed = tests_.input_addressed("malformed", {});
  const auto fine = tests_.input_addressed("fine", {});
  const auto middle = tests_.input_addressed("middle", {{missing}, {malformed}});
  const auto top = tests_.input_addressed("top", {{middle}, {fine}});
  tests_.replace(missing, std::nullopt);
  tests_.replace(malformed, "Derive(nonsense");
  begin();
  for (const auto number : {missing, malformed, top, fine}) want(number, {"out"});
  EXPECT_THAT(take(), testing::UnorderedElementsAre("0 unsupported", "1 unsupported",
                                                    "2 dependency failed", "query fine"));
  EXPECT_THAT(finished(0).message, HasSubstr("-missing.drv' is missing"));
  EXPECT_THAT(finished(1).message, HasSubstr("-malformed.drv' cannot be used: offset 7"));
  EXPECT_THAT(failed_inputs(2), testing::UnorderedElementsAre("missing", "malformed"));
}

TEST_F(PlanTest, CyclicDerivationsAreUnsupported) {
  const auto one = tests_.input_addressed("one", {});
  const auto two = tests_.input_addressed("two", {{one}});
  auto text = tests_.text(one);
  const auto inputs = text.find("],[],[]") + 2;
  text.replace(inputs, 2, "[(\"" + tests_.store_dir().print(tests_.path(two)) + "\",[\"out\"])]");
  tests_.replace(one, text);
  begin();
  want(two);
  EXPECT_THAT(take(), ElementsAre("0 unsupported"));
  EXPECT_THAT(finished(0).message, HasSubstr("-two.drv' needs itself"));
}

TEST_F(PlanTest, AKnownFailureNeedsNoAttempt) {
  const auto input = tests_.input_addressed("input", {});
  const auto top = tests_.input_addressed("top", {{input}});
  begin();
  want(top);
  take();
  plan_->known_failure(step("top"), result_of(Outcome::timed_out, "took 3 hours"));
  EXPECT_THAT(take(), ElementsAre("0 timed out"));
  EXPECT_EQ(finished(0).message, "took 3 hours");
  EXPECT_TRUE(plan_->idle());
}

TEST_F(PlanTest, AKnownFailureIsOfOneRecipe) {
  const auto first = tests_.fixed("source", "text");
  const auto second = tests_.fixed("source", "text");
  begin();
  want(first);
  want(second);
  take();
  plan_->known_failure(step("source"), result_of(Outcome::failed));
  EXPECT_THAT(take(), ElementsAre("query source"));
  EXPECT_EQ(queries_.at("source").recipe, tests_.index(*graph_, first));
  absent("source");
  EXPECT_THAT(take(), ElementsAre("attempt source"));
}

TEST_F(PlanTest, FailedWithOutputIsThereForOthers) {
  const auto tests = tests_.input_addressed("tests", {});
  const auto report = tests_.input_addressed("report", {{tests}});
  begin();
  want(tests);
  want(report);
  take();
  absent("tests");
  absent("report");
  take();
  ends("tests", Outcome::failed_with_output, "2 tests failed");
  EXPECT_THAT(take(), ElementsAre("0 failed with output", "attempt report"));
  EXPECT_EQ(finished(0).message, "2 tests failed");
}

TEST_F(PlanTest, TheLastToLeaveCancelsWhatOnlyItNeeded) {
  const auto shared = tests_.input_addressed("shared", {});
  const auto own = tests_.input_addressed("own", {});
  const auto one = tests_.input_addressed("one", {{shared}, {own}});
  const auto two = tests_.input_addressed("two", {{shared}});
  begin();
  const auto first = want(one);
  const auto second = want(two);
  take();
  absent("one");
  absent("two");
  take();
  absent("shared");
  absent("own");
  take();
  const auto number = [&](const char* of) { return std::to_string(static_cast<int>(step(of))); };
  plan_->withdraw(first);
  EXPECT_THAT(take(), ElementsAre("cancel " + number("own")));
  plan_->withdraw(second);
  plan_->withdraw(second);
  EXPECT_THAT(take(), ElementsAre("cancel " + number("shared")));
  EXPECT_FALSE(plan_->idle());
  ends("own", Outcome::aborted);
  EXPECT_THAT(take(), IsEmpty());
  want(two);
  EXPECT_THAT(take(), ElementsAre("query two"));
  absent("two");
  EXPECT_THAT(take(), IsEmpty()) << "the cancelled attempt has not ended yet";
  ends("shared", Outcome::aborted);
  EXPECT_THAT(take(), ElementsAre("query shared")) << "it was our own doing";
  absent("shared");
  EXPECT_THAT(take(), ElementsAre("attempt shared"));
  ends("shared", Outcome::good);
  EXPECT_THAT(take(), ElementsAre("attempt two"));
}

TEST_F(PlanTest, LimitsAreJoinedAndReachWhatIsBelow) {
  const auto input = tests_.input_addressed("input", {});
  const auto middle = tests_.input_addressed("middle", {{input}});
  const auto other = tests_.input_addressed("other", {});
  begin({.slots = 1, .keep_going = true});
  want(middle, {}, {Seconds(10), Seconds(7), 100, 1});
  want(other, {}, {Seconds(10), Seconds(7), 100, 2});
  take();
  absent("middle");
  take();
  absent("input");
  absent("other");
  want(middle, {}, {Seconds(20), Seconds(0), 50, 3});
  EXPECT_THAT(take(), ElementsAre("attempt input"));
  EXPECT_EQ(attempts_.at("input").limits, (StepLimits{Seconds(20), Seconds(0), 100, 3}));
}

TEST_F(PlanTest, PriorityThenRankingThenOrder) {
  std::vector<std::size_t> numbers;
  for (const auto* of : {"a", "b", "c", "d"}) numbers.push_back(tests_.input_addressed(of, {}));
  begin({.slots = 1, .keep_going = true}, [this](DerivationIndex one, DerivationIndex other) {
    return name(one) == "c" && name(other) != "c";
  });
  for (const auto number : numbers) {
    want(number, {}, {Seconds(0), Seconds(0), 0, number == numbers[3] ? 1 : 0});
  }
  take();
  for (const auto* of : {"a", "b", "c", "d"}) absent(of);
  EXPECT_THAT(take(), ElementsAre("attempt d"));
  ends("d", Outcome::good);
  EXPECT_THAT(take(), ElementsAre("3 good", "attempt c"));
  ends("c", Outcome::good);
  EXPECT_THAT(take(), ElementsAre("2 good", "attempt a"));
}

TEST_F(PlanTest, PoliciesDoNotMixAndACheckIsAlwaysAttempted) {
  const auto input = tests_.input_addressed("input", {});
  const auto top = tests_.input_addressed("top", {{input}});
  BuildPolicy check;
  check.mode = BuildPolicy::Mode::check;
  BuildPolicy open;
  open.sandbox = BuildPolicy::Sandbox::unsandboxed;
  begin();
  want(top, {}, {}, check);
  want(input, {}, {}, open);
  EXPECT_THAT(take(), ElementsAre("query input", "query input"));
  EXPECT_EQ(plan_->counts().steps, 3U);
  EXPECT_EQ(plan_->policy(StepId{0}), check);
  EXPECT_EQ(plan_->policy(StepId{2}), BuildPolicy{});
  present("input");
  EXPECT_THAT(take(), ElementsAre("attempt top"));
}

}  // namespace
}  // namespace grange
