#include "command/store_path_argument.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

const std::string kName = "5msbsz4y0ix6bwd5phmfsaipb4w9q8n1-leaf";

TEST(StorePathArgumentTest, TakesEveryWayToNameAPath) {
  const TemporaryDirectory temporary;
  const auto location = StoreLocation::at_root(temporary.path());
  std::filesystem::create_symlink("/nix/store/" + kName, temporary.path() / "result");
  std::filesystem::create_symlink("result", temporary.path() / "second");
  for (const std::string& argument :
       {kName, "/nix/store/" + kName, "/nix/store/" + kName + "/", "/nix/store/" + kName + "/bin/x",
        "/nix/store/../store//" + kName, (location.real_store / kName).string(),
        (temporary.path() / "result").string(), (temporary.path() / "second").string()}) {
    EXPECT_EQ(parse_store_path_argument(location, argument).base_name(), kName) << argument;
  }
}

TEST(StorePathArgumentTest, RefusesWhatIsNoPathOfTheStore) {
  const TemporaryDirectory temporary;
  const auto location = StoreLocation::at_root(temporary.path());
  std::filesystem::create_symlink("round", temporary.path() / "round");
  for (const std::string& argument :
       {std::string("/etc/passwd"), std::string("/nix/store"), std::string("/nix/store/short"),
        std::string("/nix/store/.links/x"), std::string(""), std::string("leaf"),
        (temporary.path() / "round").string()}) {
    EXPECT_THROW(parse_store_path_argument(location, argument), InvalidError) << argument;
  }
}

}  // namespace
}  // namespace grange
