#include "pages/target_groups.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

SnapshotTarget target(std::optional<Outcome> outcome, std::string label = "a") {
  SnapshotTarget made;
  made.label = std::move(label);
  made.outcome = outcome;
  return made;
}

TargetGroup group(std::optional<Outcome> base, std::optional<Outcome> outcome) {
  const auto old = target(base);
  const auto now = target(outcome);
  return group_of({&now, base ? &old : nullptr, std::nullopt});
}

TEST(TargetGroupsTest, WhatBecameOfATarget) {
  EXPECT_EQ(group(Outcome::good, Outcome::failed), TargetGroup::newly_failing);
  EXPECT_EQ(group(Outcome::good, Outcome::dependency_failed), TargetGroup::newly_failing);
  EXPECT_EQ(group(Outcome::timed_out, Outcome::failed), TargetGroup::still_failing);
  EXPECT_EQ(group(std::nullopt, Outcome::failed), TargetGroup::newly_failing);
  EXPECT_EQ(group(Outcome::failed, Outcome::good), TargetGroup::newly_succeeding);
  EXPECT_EQ(group(Outcome::good, Outcome::good), TargetGroup::still_succeeding);
  EXPECT_EQ(group(std::nullopt, Outcome::good), TargetGroup::added);
  EXPECT_EQ(group(Outcome::good, Outcome::cancelled), TargetGroup::aborted);
  EXPECT_EQ(group(Outcome::good, std::nullopt), TargetGroup::queued);
  const auto old = target(Outcome::good);
  EXPECT_EQ(group_of({nullptr, &old, Verdict::removed}), TargetGroup::removed);
}

TEST(TargetGroupsTest, ABaseThatWasNotTriedIsNoFailure) {
  EXPECT_EQ(group(Outcome::aborted, Outcome::good), TargetGroup::still_succeeding);
  const auto old = target(std::nullopt);
  const auto now = target(Outcome::good);
  EXPECT_EQ(group_of({&now, &old, std::nullopt}), TargetGroup::still_succeeding);
}

TEST(TargetGroupsTest, KeysNameThem) {
  for (const auto& name : kTargetGroups) {
    EXPECT_EQ(parse_target_group(name.key), name.group) << name.key;
  }
  EXPECT_EQ(parse_target_group("all"), std::nullopt);
}

TEST(TargetGroupsTest, AskedForAPartOfAGroup) {
  const std::vector<SnapshotTarget> targets{
      target(Outcome::good, "Bash"), target(Outcome::good, "bashdb"),
      target(Outcome::failed, "bashful"), target(Outcome::good, "zsh")};
  auto pairs = pair_targets(targets, nullptr);
  pairs[1].verdict = Verdict::equivalent;
  const auto first = ask_targets(pairs, {});
  EXPECT_EQ(first.group, TargetGroup::newly_failing);
  EXPECT_EQ(first.count(TargetGroup::added), 3);
  EXPECT_EQ(first.count(TargetGroup::equivalent), 1);
  ASSERT_EQ(first.targets.size(), 1U);
  EXPECT_EQ(first.targets.front().head->label, "bashful");

  const auto some = ask_targets(pairs, {TargetGroup::added, "BASH", 1, 5});
  EXPECT_EQ(some.matching, 2);
  ASSERT_EQ(some.targets.size(), 1U);
  EXPECT_EQ(some.targets.front().head->label, "bashdb");
  EXPECT_EQ(ask_targets(pairs, {TargetGroup::equivalent, "", 0, 5}).matching, 1);
  EXPECT_EQ(ask_targets({}, {}).group, TargetGroup::still_succeeding);
}

}  // namespace
}  // namespace grange
