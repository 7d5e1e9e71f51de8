#include "farm/build_outputs.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

constexpr const char* kDrv = "5msbsz4y0ix6bwd5phmfsaipb4w9q8n1-leaf.drv";

TEST(WantedOutputs, TakesPathsWithAndWithoutOutputs) {
  const std::string full = std::string("/nix/store/") + kDrv;
  EXPECT_EQ(WantedOutputs::parse(full).derivation.base_name(), kDrv);
  EXPECT_TRUE(WantedOutputs::parse(full).outputs.empty());
  EXPECT_TRUE(WantedOutputs::parse(full + "^*").outputs.empty());
  EXPECT_EQ(WantedOutputs::parse(full + "^dev,out").outputs,
            (std::vector<std::string>{"dev", "out"}));
  EXPECT_EQ(WantedOutputs::parse(full + "!out").outputs, (std::vector<std::string>{"out"}));
}

TEST(WantedOutputs, TakesFilesElsewhere) {
  EXPECT_EQ(WantedOutputs::parse(std::string("some/where/") + kDrv).derivation.base_name(), kDrv);
}

TEST(WantedOutputs, RefusesWhatIsNoDerivation) {
  EXPECT_THROW(WantedOutputs::parse("/nix/store/x5qbk3rdymh6vmm8gfx4kpmkcyzfsi7b-leaf"),
               InvalidError);
  EXPECT_THROW(WantedOutputs::parse(std::string(kDrv) + "^"), InvalidError);
  EXPECT_THROW(WantedOutputs::parse(std::string(kDrv) + "^out,,dev"), InvalidError);
  EXPECT_THROW(WantedOutputs::parse(""), InvalidError);
}

}  // namespace
}  // namespace grange
