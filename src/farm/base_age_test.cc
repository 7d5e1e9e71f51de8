#include "farm/base_age.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

TEST(BaseAge, IsToldByItsLargestUnit) {
  EXPECT_EQ(format_age(-5), "0 s");
  EXPECT_EQ(format_age(59.9), "59 s");
  EXPECT_EQ(format_age(60), "1 min");
  EXPECT_EQ(format_age(7199), "1 h");
  EXPECT_EQ(format_age(47 * 3600), "47 h");
  EXPECT_EQ(format_age(48 * 3600), "2 days");
  EXPECT_EQ(format_age(1e300), "1,157,407 days");
  EXPECT_EQ(age_clause(61), ", 1 min old");
  EXPECT_EQ(age_clause({}), "");
}

TEST(BaseAge, ACommitIsNamedShort) {
  EXPECT_EQ(commit_clause("5b1b8a7bb5a2ba2a3cb7b5aa62dd0f0cb41ee9a7"), " of commit 5b1b8a7b");
  EXPECT_EQ(commit_clause(""), "");
  EXPECT_EQ(commit_clause("main"), "");
}

}  // namespace
}  // namespace grange
