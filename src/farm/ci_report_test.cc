#include "farm/ci_report.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

TargetReport report_of(Outcome base, Outcome head, bool in_base = true) {
  TargetReport target;
  target.verdict = in_base ? Verdict::changed : Verdict::added;
  target.in_base = in_base;
  target.base_outcome = base;
  target.outcome = head;
  return target;
}

int exit_code_of(std::vector<TargetReport> targets, bool complete = true) {
  CiReport report;
  report.complete = complete;
  report.targets = std::move(targets);
  return report.exit_code();
}

TEST(CiReport, AllGoodIsZero) {
  EXPECT_EQ(exit_code_of({}), 0);
  EXPECT_EQ(exit_code_of({report_of(Outcome::failed, Outcome::good)}), 0);
}

TEST(CiReport, NewFailureIsOne) {
  EXPECT_EQ(exit_code_of({report_of(Outcome::good, Outcome::failed)}), 1);
  EXPECT_EQ(exit_code_of({report_of(Outcome::unknown, Outcome::failed, false)}), 1);
  EXPECT_EQ(exit_code_of({report_of(Outcome::failed, Outcome::failed),
                          report_of(Outcome::good, Outcome::dependency_failed)}),
            1);
}

TEST(CiReport, OnlyOldFailuresIsTwo) {
  EXPECT_EQ(exit_code_of({report_of(Outcome::failed, Outcome::timed_out),
                          report_of(Outcome::good, Outcome::good)}),
            2);
}

TEST(CiReport, AnUnknownBaseOutcomeExcusesNothing) {
  EXPECT_EQ(exit_code_of({report_of(Outcome::unknown, Outcome::failed)}), 1);
  EXPECT_EQ(exit_code_of({report_of(Outcome::aborted, Outcome::failed)}), 1);
}

TEST(CiReport, WhatTheMachineCouldNotDoIsWorthAnotherTry) {
  EXPECT_EQ(exit_code_of({report_of(Outcome::good, Outcome::aborted)}), 75);
  EXPECT_EQ(exit_code_of({report_of(Outcome::good, Outcome::aborted),
                          report_of(Outcome::good, Outcome::failed)}),
            1);
}

TEST(CiReport, IncompleteIsThreeWhateverElse) {
  EXPECT_EQ(exit_code_of({report_of(Outcome::good, Outcome::failed)}, false), 3);
  EXPECT_EQ(exit_code_of({}, false), 3);
}

TEST(CiReport, AFindingIsFourWhereNothingNewlyFails) {
  const auto derivation = StorePath::parse("00000000000000000000000000000000-a.drv");
  const auto exit_code = [&](Outcome check, std::vector<TargetReport> targets) {
    CiReport report;
    report.complete = true;
    report.targets = std::move(targets);
    report.checks.push_back({derivation, true, check});
    return report.exit_code();
  };
  EXPECT_EQ(exit_code(Outcome::good, {}), 0);
  EXPECT_EQ(exit_code(Outcome::not_deterministic, {}), 4);
  EXPECT_EQ(exit_code(Outcome::hash_mismatch, {report_of(Outcome::failed, Outcome::failed)}), 4);
  EXPECT_EQ(exit_code(Outcome::good, {report_of(Outcome::failed, Outcome::failed)}), 2);
  EXPECT_EQ(exit_code(Outcome::failed, {report_of(Outcome::good, Outcome::failed)}), 1);
  EXPECT_EQ(exit_code(Outcome::aborted, {}), 75);
}

TEST(CiReport, RemovedTargetsDoNotFail) {
  auto removed = report_of(Outcome::good, Outcome::unknown);
  removed.verdict = Verdict::removed;
  EXPECT_EQ(exit_code_of({removed}), 0);
}

}  // namespace
}  // namespace grange
