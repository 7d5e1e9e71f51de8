#include "plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/plan_test_fixture.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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
