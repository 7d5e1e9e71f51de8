#include "build/output_places.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "build/test_support.h"

namespace grange {
namespace {

const StoreDir kStore = StoreDir::nix();
const StorePath kDerivation = repeated_path('d', "x.drv");
const std::map<std::string, StorePath> kPromised{{"dev", repeated_path('b', "x-dev")},
                                                 {"out", repeated_path('a', "x")}};

TEST(OutputPlaces, ASandboxMakesEverythingInPlace) {
  const auto places = place_outputs(kStore, kDerivation, DerivationKind::input_addressed, kPromised,
                                    {kPromised.at("dev")}, BuildWorld::sandboxed, "/area/root");
  ASSERT_EQ(places.size(), 2U);
  EXPECT_TRUE(places[0].present);
  EXPECT_FALSE(places[1].present);
  for (const auto& place : places) {
    EXPECT_FALSE(place.redirected());
    EXPECT_EQ(place.location, "/area/root/nix/store/" + place.promised.base_name());
  }
}

TEST(OutputPlaces, OutsideASandboxWhatIsValidIsNotTouched) {
  const auto places =
      place_outputs(kStore, kDerivation, DerivationKind::input_addressed, kPromised,
                    {kPromised.at("dev")}, BuildWorld::unsandboxed, "/root/nix/store");
  EXPECT_TRUE(places[0].redirected());
  EXPECT_EQ(places[0].made_as.name(), "x-dev");
  EXPECT_EQ(places[0].location, "/root/nix/store/" + places[0].made_as.base_name());
  EXPECT_FALSE(places[1].redirected());
  const auto rewrites = input_rewrites(kStore, places);
  EXPECT_EQ(rewrites.at(std::string(32, 'b')), places[0].made_as.hash_part());
  EXPECT_FALSE(rewrites.contains(std::string(32, 'a')));
}

TEST(OutputPlaces, OutsideASandboxFixedOutputsAreMadeElsewhere) {
  const std::map<std::string, StorePath> promised{{"out", repeated_path('a', "x")}};
  for (const auto world : {BuildWorld::unsandboxed, BuildWorld::sandboxed, BuildWorld::builtin}) {
    const auto places =
        place_outputs(kStore, kDerivation, DerivationKind::fixed, promised, {}, world, "/dir");
    EXPECT_EQ(places[0].redirected(), world == BuildWorld::unsandboxed);
  }
}

TEST(OutputPlaces, PlaceholdersBecomePaths) {
  const auto places = place_outputs(kStore, kDerivation, DerivationKind::input_addressed, kPromised,
                                    {}, BuildWorld::sandboxed, "/root");
  const auto rewrites = input_rewrites(kStore, places);
  // nix-store.md §5.1
  EXPECT_EQ(rewrite("x=/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9/bin", rewrites),
            "x=" + kStore.print(kPromised.at("out")) + "/bin");
  EXPECT_EQ(rewrite("/02qcpld1y6xhs5gz9bchpxaw0xdhmsp5dv88lh25r2ss44kh8dxz", rewrites),
            kStore.print(kPromised.at("dev")));
  EXPECT_EQ(rewrites.size(), 2U);
}

TEST(OutputPlaces, ScratchPathsAreTheirOwn) {
  const auto promised = repeated_path('a', "x");
  const auto scratch = make_scratch_path(kStore, kDerivation, promised);
  EXPECT_EQ(scratch.name(), "x");
  EXPECT_NE(scratch, promised);
  EXPECT_EQ(scratch, make_scratch_path(kStore, kDerivation, promised));
  EXPECT_NE(scratch, make_scratch_path(kStore, repeated_path('f', "x.drv"), promised));
  EXPECT_NE(scratch, make_scratch_path(StoreDir::parse("/gnu/store"), kDerivation, promised));
}

}  // namespace
}  // namespace grange
