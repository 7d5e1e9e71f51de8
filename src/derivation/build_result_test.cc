#include "derivation/build_result.h"

#include <gtest/gtest.h>

#include "derivation/target_map.h"

namespace grange {
namespace {

TEST(Outcome, RoundTripsItsWord) {
  for (int i = 0; i <= static_cast<int>(Outcome::unknown); ++i) {
    const auto outcome = static_cast<Outcome>(i);
    EXPECT_EQ(parse_outcome(to_string(outcome)), outcome);
  }
  EXPECT_EQ(to_string(Outcome::dependency_failed), "dependency failed");
  EXPECT_FALSE(parse_outcome("fine"));
}

TEST(Outcome, OnlySomeFailuresSayThatTryingAgainIsFutile) {
  EXPECT_TRUE(is_lasting_failure(Outcome::failed));
  EXPECT_TRUE(is_lasting_failure(Outcome::hash_mismatch));
  for (const auto outcome : {Outcome::good, Outcome::aborted, Outcome::dependency_failed,
                             Outcome::unsupported, Outcome::unknown}) {
    EXPECT_FALSE(is_lasting_failure(outcome)) << to_string(outcome);
  }
}

TEST(Label, QuotesPartsThatNeedIt) {
  EXPECT_EQ(make_label({"python3Packages", "numpy"}), "python3Packages.numpy");
  EXPECT_EQ(make_label({"a", "b.c", "", "d\"e"}), "a.\"b.c\".\"\".\"d\\\"e\"");
  EXPECT_EQ(make_label({}), "");
}

}  // namespace
}  // namespace grange
