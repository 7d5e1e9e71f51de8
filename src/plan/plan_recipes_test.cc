#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/plan.h"
#include "plan/plan_test_fixture.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PlanRecipes : public PlanTest {};

TEST_F(PlanRecipes, EquivalentDerivationsMeetInOneStep) {
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

TEST_F(PlanRecipes, TheNewestRecipeIsTriedFirstAndTheNextWhenItFails) {
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

TEST_F(PlanRecipes, AnAttemptWithAnotherRecipeMakesUpForAFailedOne) {
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

TEST_F(PlanRecipes, WhatHasFailedIsTriedAgainOnceThatIsForgotten) {
  const auto first = tests_.fixed("source", "text");
  const auto second = tests_.fixed("source", "text");
  const auto program = tests_.input_addressed("program", {{first}});
  begin();
  plan_->add_recipe(tests_.index(*graph_, second));
  const auto fail_all = [&](int number) {
    want(program);
    EXPECT_THAT(take(), ElementsAre("query program"));
    absent("program");
    EXPECT_THAT(take(), ElementsAre("query source"));
    for (const auto* next : {"query source", ""}) {
      absent("source");
      EXPECT_THAT(take(), ElementsAre("attempt source"));
      ends("source", Outcome::failed);
      if (*next != '\0') {
        EXPECT_THAT(take(), ElementsAre(next));
      }
    }
    EXPECT_THAT(take(), ElementsAre(std::to_string(number) + " dependency failed"));
  };
  fail_all(0);
  want(program);
  EXPECT_THAT(take(), ElementsAre("1 dependency failed"));
  plan_->forget_failures();
  EXPECT_EQ(plan_->counts().failed, 0U);
  fail_all(2);
}

TEST_F(PlanRecipes, WhatWasAbortedIsTriedAgainOnceThatIsForgotten) {
  const auto source = tests_.fixed("source", "text");
  const auto program = tests_.input_addressed("program", {{source}});
  begin();
  want(program);
  take();
  absent("program");
  take();
  absent("source");
  take();
  ends("source", Outcome::aborted, "disk full");
  EXPECT_THAT(take(), ElementsAre("0 aborted"));
  plan_->forget_failures();
  want(program);
  EXPECT_THAT(take(), ElementsAre("query program"));
  absent("program");
  EXPECT_THAT(take(), ElementsAre("query source"));
  absent("source");
  EXPECT_THAT(take(), ElementsAre("attempt source"));
  ends("source", Outcome::good);
  EXPECT_THAT(take(), ElementsAre("attempt program"));
  ends("program", Outcome::good);
  EXPECT_THAT(take(), ElementsAre("1 good"));
}

TEST_F(PlanRecipes, AKnownFailureIsOfOneRecipe) {
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

TEST_F(PlanRecipes, ToCheckAFixedOutputIsToCheckOneRecipe) {
  const auto dead = tests_.fixed("source", "text");
  const auto repaired = tests_.fixed("source", "text");
  begin();
  BuildPolicy check;
  check.mode = BuildPolicy::Mode::check;
  want(dead, {}, {}, check);
  want(repaired, {}, {}, check);
  want(dead, {}, {}, check);
  EXPECT_THAT(take(), ElementsAre("attempt source", "attempt source"));
  EXPECT_EQ(attempts_.at("source").recipe, tests_.index(*graph_, repaired));
  ends("source", Outcome::good);
  EXPECT_THAT(take(), ElementsAre("1 good"));
  plan_->finished(StepId{0}, result_of(Outcome::failed));
  EXPECT_THAT(take(), ElementsAre("0 failed", "2 failed"));
  EXPECT_TRUE(plan_->idle());
}

TEST_F(PlanRecipes, WhatACheckNeedsIsMadeNormally) {
  const auto source = tests_.fixed("source", "text");
  const auto program = tests_.input_addressed("program", {{source}});
  begin();
  BuildPolicy check;
  check.mode = BuildPolicy::Mode::check;
  want(program, {}, {}, check);
  EXPECT_THAT(take(), ElementsAre("query source"));
  absent("source");
  EXPECT_THAT(take(), ElementsAre("attempt source"));
  EXPECT_EQ(plan_->policy(step("source")).mode, BuildPolicy::Mode::normal);
  ends("source", Outcome::good);
  EXPECT_THAT(take(), ElementsAre("attempt program"));
  EXPECT_EQ(plan_->policy(step("program")).mode, BuildPolicy::Mode::check);
  ends("program", Outcome::not_deterministic, "it differs");
  EXPECT_THAT(take(), ElementsAre("0 not deterministic"));
  EXPECT_EQ(finished(0).message, "it differs");
}

// A tarball is fetched with a program whose own making needs the tarball, fetched by other means.
TEST_F(PlanRecipes, StepsThatWaitInACircleGoOnWithAnotherRecipe) {
  const auto simple = tests_.fixed("tarball", "text");
  const auto compressor = tests_.input_addressed("compressor", {{simple}});
  const auto fetcher = tests_.input_addressed("fetcher", {{compressor}});
  const auto usual = tests_.fixed("tarball", "text", {{fetcher}});
  begin();
  plan_->add_recipe(tests_.index(*graph_, simple));  // makes it come last
  want(usual);
  for (const auto* of : {"tarball", "fetcher", "compressor"}) {
    EXPECT_THAT(take(), ElementsAre(std::string("query ") + of));
    absent(of);
  }
  EXPECT_THAT(take(), ElementsAre("query tarball"));
  EXPECT_EQ(queries_.at("tarball").recipe, tests_.index(*graph_, simple));
  absent("tarball");
  EXPECT_THAT(take(), ElementsAre("attempt tarball"));
  EXPECT_EQ(plan_->counts().waiting, 2U);
  ends("tarball", Outcome::good);
  EXPECT_THAT(take(), ElementsAre("0 good")) << "the program is not needed any more";
  EXPECT_EQ(plan_->counts().waiting, 0U);
  EXPECT_EQ(plan_->counts().steps, 3U);
}

TEST_F(PlanRecipes, ACircleWithoutAnotherRecipeFailsByWhatFailedFirst) {
  const auto simple = tests_.fixed("tarball", "text");
  const auto fetcher = tests_.input_addressed("fetcher", {{simple}});
  const auto usual = tests_.fixed("tarball", "text", {{fetcher}});
  begin();
  want(fetcher);
  plan_->add_recipe(tests_.index(*graph_, usual));
  take();
  absent("fetcher");
  take();
  absent("tarball");
  take();
  EXPECT_EQ(attempts_.at("tarball").recipe, tests_.index(*graph_, simple));
  ends("tarball", Outcome::hash_mismatch);
  EXPECT_THAT(take(), ElementsAre("query tarball"));
  absent("tarball");
  EXPECT_THAT(take(), ElementsAre("0 dependency failed"));
  EXPECT_THAT(failed_inputs(0), ElementsAre("tarball"));
  EXPECT_THAT(finished(0).message, HasSubstr("-tarball.drv', which failed (hash mismatch)"));
}

// Nothing is left of a circle whose users have gone.
TEST_F(PlanRecipes, ACircleThatNobodyNeedsIsReleased) {
  const auto simple = tests_.fixed("tarball", "text");
  const auto fetcher = tests_.input_addressed("fetcher", {{simple}});
  const auto usual = tests_.fixed("tarball", "text", {{fetcher}});
  const auto other = tests_.input_addressed("other", {});
  begin();
  plan_->add_recipe(tests_.index(*graph_, simple));
  const auto first = want(usual);
  want(other);
  take();
  absent("tarball");
  take();
  absent("fetcher");
  EXPECT_THAT(take(), IsEmpty()) << "something else is still asked about";
  plan_->withdraw(first);
  present("other");
  EXPECT_THAT(take(), ElementsAre("1 good"));
  EXPECT_EQ(plan_->counts().waiting, 0U);
  EXPECT_TRUE(plan_->idle());
}

TEST_F(PlanRecipes, ARecipeThatComesLaterRevivesWhatFailed) {
  const auto dead = tests_.fixed("source", "text");
  const auto repaired = tests_.fixed("source", "text");
  const auto program = tests_.input_addressed("program", {{dead}});
  begin();
  want(program);
  take();
  absent("program");
  take();
  absent("source");
  take();
  ends("source", Outcome::failed);
  EXPECT_THAT(take(), ElementsAre("0 dependency failed"));
  want(program);
  EXPECT_THAT(take(), ElementsAre("1 dependency failed")) << "nothing is known that was not then";
  plan_->add_recipe(tests_.index(*graph_, repaired));
  want(program);
  EXPECT_THAT(take(), ElementsAre("query program"));
  absent("program");
  EXPECT_THAT(take(), ElementsAre("query source"));
  absent("source");
  EXPECT_THAT(take(), ElementsAre("attempt source"));
  EXPECT_EQ(attempts_.at("source").recipe, tests_.index(*graph_, repaired));
}

}  // namespace
}  // namespace grange
