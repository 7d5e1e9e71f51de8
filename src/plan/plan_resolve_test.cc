#include "plan/plan_test_fixture.h"

namespace grange {
namespace {

/// Two floating ones above a floating one.
class PlanResolveTest : public PlanTest {
 protected:
  PlanResolveTest()
      : below_(tests_.floating("below")),
        one_(tests_.floating("one", {{below_}})),
        other_(tests_.floating("other", {{below_}})) {}

  /// Both are wanted, and `below` was made.
  void want_both(unsigned slots = 100) {
    begin({.slots = slots});
    want(one_);
    want(other_);
    EXPECT_EQ(take(), (Names{"query one", "query other"}));
    absent("one");
    absent("other");
    EXPECT_EQ(take(), Names{"query below"});
    absent("below");
    EXPECT_EQ(take(), Names{"attempt below"});  // it has no inputs: nothing to resolve
    ends("below", Outcome::good);
    EXPECT_EQ(take(), (Names{"resolve one", "resolve other"}));
  }

  std::size_t below_;
  std::size_t one_;
  std::size_t other_;
};

TEST_F(PlanResolveTest, WhatIsThereOnceInputsAreKnownIsCutOff) {
  want_both();
  EXPECT_FALSE(plan_->idle());
  comes_to("one", '1', {"out"});
  EXPECT_EQ(take(), Names{"0 good"});
  EXPECT_FALSE(finished(0).made);
  comes_to("other", '2');
  EXPECT_EQ(take(), Names{"attempt other"});
  ends("other", Outcome::good);
  EXPECT_EQ(take(), Names{"1 good"});
  EXPECT_TRUE(finished(1).made);
  EXPECT_EQ(plan_->counts().cut_off, 1U);
  EXPECT_EQ(plan_->counts().made, 2U);
  EXPECT_TRUE(plan_->idle());
}

TEST_F(PlanResolveTest, WhatComesToTheSameIsMadeOnce) {
  want_both();
  comes_to("one", '1');
  comes_to("other", '1');
  EXPECT_EQ(take(), Names{"attempt one"});
  EXPECT_EQ(plan_->counts().waiting, 1U);
  ends("one", Outcome::good);
  EXPECT_EQ(take(), (Names{"0 good", "resolve other"}));
  comes_to("other", '1', {"out"});
  EXPECT_EQ(take(), Names{"1 good"});
  EXPECT_EQ(plan_->counts().cut_off, 1U);
  EXPECT_TRUE(plan_->idle());
}

TEST_F(PlanResolveTest, AlsoWhenItsTurnComesLater) {
  want_both(1);
  comes_to("one", '1');
  comes_to("other", '1');
  EXPECT_EQ(take(), Names{"attempt one"});
  ends("one", Outcome::good);
  EXPECT_EQ(take(), (Names{"0 good", "resolve other"}));
  comes_to("other", '1');  // somebody has deleted it meanwhile
  EXPECT_EQ(take(), Names{"attempt other"});
  ends("other", Outcome::good);
  EXPECT_EQ(take(), Names{"1 good"});
}

TEST_F(PlanResolveTest, WhatComesToTheSameFailsAlike) {
  want_both();
  comes_to("one", '1');
  comes_to("other", '1');
  EXPECT_EQ(take(), Names{"attempt one"});
  ends("one", Outcome::failed, "no compiler");
  EXPECT_EQ(take(), (Names{"0 failed", "1 failed"}));
  EXPECT_NE(finished(1).message.find("no compiler"), std::string::npos);
  EXPECT_TRUE(plan_->idle());
}

TEST_F(PlanResolveTest, AnAbortedTwinSaysNothing) {
  want_both();
  comes_to("one", '1');
  comes_to("other", '1');
  EXPECT_EQ(take(), Names{"attempt one"});
  plan_->withdraw(WantId{0});
  EXPECT_EQ(take(), Names{"cancel " + std::to_string(static_cast<int>(step("one")))});
  ends("one", Outcome::aborted);
  EXPECT_EQ(take(), Names{"attempt other"});
  ends("other", Outcome::good);
  EXPECT_EQ(take(), Names{"1 good"});
}

TEST_F(PlanResolveTest, ImpureOnesMeetNobody) {
  want_both();
  plan_->resolved(step("one"), std::nullopt, {});
  plan_->resolved(step("other"), std::nullopt, {});
  EXPECT_EQ(take(), (Names{"attempt one", "attempt other"}));
}

TEST_F(PlanResolveTest, AKnownFailureEndsIt) {
  want_both();
  plan_->known_failure(step("one"), result_of(Outcome::failed, "as before"));
  comes_to("other", '2');
  EXPECT_EQ(take(), (Names{"0 failed", "attempt other"}));
  EXPECT_EQ(finished(0).message, "as before");
}

TEST_F(PlanResolveTest, WhoLeavesMeanwhileIsNotAttempted) {
  want_both();
  plan_->withdraw(WantId{0});
  EXPECT_TRUE(take().empty());
  comes_to("one", '1');
  comes_to("other", '2', {"out"});
  EXPECT_EQ(take(), Names{"1 good"});
  EXPECT_TRUE(plan_->idle());
}

TEST_F(PlanResolveTest, AChainIsCutOffStepByStep) {
  const auto top = tests_.floating("top", {{one_}, {other_}});
  begin();
  want(top);
  EXPECT_EQ(take(), Names{"query top"});
  absent("top");
  EXPECT_EQ(take().size(), 2U);  // in the order of their paths
  absent("one");
  absent("other");
  EXPECT_EQ(take(), Names{"query below"});
  absent("below");
  EXPECT_EQ(take(), Names{"attempt below"});
  ends("below", Outcome::good);
  EXPECT_EQ(take().size(), 2U);
  comes_to("one", '1', {"out"});
  comes_to("other", '2', {"out"});
  EXPECT_EQ(take(), Names{"resolve top"});
  comes_to("top", '3', {"out"});
  EXPECT_EQ(take(), Names{"0 good"});
  EXPECT_EQ(plan_->counts().cut_off, 3U);
}

TEST_F(PlanTest, FixedOnesAreResolvedWhereThatIsSpecified) {
  const auto tool = tests_.input_addressed("tool", {});
  const auto source = tests_.fixed("source", "content", {{tool}});
  for (const bool resolve : {false, true}) {
    begin({.slots = 1, .keep_going = true, .resolve_fixed = resolve});
    want(source);
    take();
    absent("source");
    EXPECT_EQ(take(), Names{"query tool"});
    present("tool");
    EXPECT_EQ(take(), Names{resolve ? "resolve source" : "attempt source"});
  }
}

}  // namespace
}  // namespace grange
