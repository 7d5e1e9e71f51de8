#include "farm/target_limits.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

TEST(TargetLimits, ReadsWhatMetaSays) {
  const auto limits = limits_of_meta(
      R"({"timeout":90,"maxSilent":12.5,"maxLogSize":99,"schedulingPriority":-3,"description":"x"})");
  EXPECT_EQ(limits.timeout, Seconds(90));
  EXPECT_EQ(limits.max_silent, Seconds(12.5));
  EXPECT_EQ(limits.max_log_bytes, 99U);
  EXPECT_EQ(limits.priority, -3);
}

TEST(TargetLimits, LeavesOutWhatMakesNoSense) {
  for (const char* meta :
       {"", "[]", "{", "null", R"({"timeout":"90"})", R"({"timeout":-1})", R"({"maxLogSize":-1})",
        R"({"timeout":1e300,"schedulingPriority":1e30})"}) {
    const auto limits = limits_of_meta(meta);
    EXPECT_EQ(limits.timeout, Seconds(0)) << meta;
    EXPECT_EQ(limits.max_log_bytes, 0U) << meta;
    EXPECT_EQ(limits.priority, 0) << meta;
  }
}

TEST(TargetLimits, WhatOneOfTargetAndRunSetsHolds) {
  StepLimits run;
  run.timeout = Seconds(60);
  run.max_log_bytes = 1000;
  EXPECT_EQ(limits_in_run({}, run), run);
  const auto limits = limits_in_run(
      limits_of_meta(R"({"timeout":3600,"maxSilent":5,"schedulingPriority":-3})"), run);
  EXPECT_EQ(limits.timeout, Seconds(3600));
  EXPECT_EQ(limits.max_silent, Seconds(5));
  EXPECT_EQ(limits.max_log_bytes, 1000U);
  EXPECT_EQ(limits.priority, -3);
  EXPECT_EQ(limits_in_run(limits_of_meta(R"({"timeout":10})"), run).timeout, Seconds(60));
  EXPECT_EQ(limits_in_run(limits_of_meta(R"({"timeout":10})"), {}).timeout, Seconds(10));
  EXPECT_EQ(limits_in_run({}, {}), StepLimits{});
}

}  // namespace
}  // namespace grange
