#include "farm/target_limits.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

TEST(TargetLimits, ReadsWhatMetaSays) {
  const auto limits = limits_of_meta(
      R"({"timeout":90,"maxSilent":12.5,"schedulingPriority":-3,"description":"x"})");
  EXPECT_EQ(limits.timeout, Seconds(90));
  EXPECT_EQ(limits.max_silent, Seconds(12.5));
  EXPECT_EQ(limits.priority, -3);
}

TEST(TargetLimits, LeavesOutWhatMakesNoSense) {
  for (const char* meta : {"", "[]", "{", "null", R"({"timeout":"90"})", R"({"timeout":-1})",
                           R"({"timeout":1e300,"schedulingPriority":1e30})"}) {
    const auto limits = limits_of_meta(meta);
    EXPECT_EQ(limits.timeout, Seconds(0)) << meta;
    EXPECT_EQ(limits.priority, 0) << meta;
  }
}

}  // namespace
}  // namespace grange
