#include "plan/output_mask.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace grange {
namespace {

using OutputNames = std::vector<std::string>;

TEST(OutputMask, NamesAndBits) {
  const OutputNames declared{"bin", "dev", "out"};
  EXPECT_EQ(all_outputs(3), 7U);
  EXPECT_EQ(output_mask(declared, OutputNames{"out", "bin"}), 5U);
  EXPECT_EQ(output_mask(declared, OutputNames{}), 0U);
  EXPECT_EQ(output_mask(declared, OutputNames{"out", "doc"}), std::nullopt);
  EXPECT_EQ(output_mask(declared, OutputNames{"zzz"}), std::nullopt);
  EXPECT_EQ(output_names(declared, 5), (OutputNames{"bin", "out"}));
}

TEST(OutputMask, TheLastBitStandsForAllTheRest) {
  OutputNames declared;
  for (int i = 0; i < 100; ++i) declared.push_back(fmt::format("o{:02}", i));
  EXPECT_EQ(all_outputs(100), ~OutputMask{0});
  EXPECT_EQ(all_outputs(64), ~OutputMask{0});
  EXPECT_EQ(all_outputs(63), ~OutputMask{0} >> 1);
  EXPECT_EQ(output_mask(declared, OutputNames{"o62"}), OutputMask{1} << 62);
  EXPECT_EQ(output_mask(declared, OutputNames{"o63"}), output_mask(declared, OutputNames{"o99"}));
  EXPECT_EQ(output_names(declared, OutputMask{1} << 63).size(), 37U);
  EXPECT_EQ(output_names(declared, all_outputs(100)), declared);
}

}  // namespace
}  // namespace grange
