#include "derivation/store_path.h"

#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

const std::string kDigest = "5msbsz4y0ix6bwd5phmfsaipb4w9q8n1";

TEST(StoreDir, ParsesOnlyCanonicalDirectories) {
  EXPECT_EQ(StoreDir::parse("/nix/store").str(), "/nix/store");
  EXPECT_EQ(StoreDir::parse("/x").str(), "/x");
  for (const char* bad : {"", "/", "nix/store", "/nix//store", "/nix/store/", "/nix/./store",
                          "/nix/..", "/nix/st\nore"}) {
    EXPECT_THROW(StoreDir::parse(bad), InvalidError) << bad;
  }
}

TEST(StoreDir, PrintsAndParsesPathsDirectlyInIt) {
  const auto store = StoreDir::parse("/gnu/store");
  const auto path = store.parse_path("/gnu/store/" + kDigest + "-leaf.drv");
  EXPECT_EQ(path.base_name(), kDigest + "-leaf.drv");
  EXPECT_EQ(store.print(path), "/gnu/store/" + kDigest + "-leaf.drv");
  EXPECT_EQ(path.hash_part(), kDigest);
  EXPECT_EQ(path.name(), "leaf.drv");
  EXPECT_EQ(path.derivation_name(), "leaf");
  EXPECT_TRUE(path.is_derivation());
  for (const std::string& bad :
       std::vector<std::string>{"/nix/store/" + kDigest + "-x", "/gnu/store", "/gnu/store/",
                                "/gnu/store" + kDigest + "-x", "/gnu/store/" + kDigest + "-x/bin",
                                "/gnu/store//" + kDigest + "-x"}) {
    EXPECT_FALSE(store.try_parse_path(bad)) << bad;
    EXPECT_THROW(store.parse_path(bad), InvalidError) << bad;
  }
}

TEST(StorePath, SaysWhatIsWrongWithABaseName) {
  const auto message = [](const std::string& base_name) {
    EXPECT_FALSE(StorePath::try_parse(base_name));
    EXPECT_FALSE(is_store_base_name(base_name));
    try {
      StorePath::parse(base_name);
    } catch (const InvalidError& error) {
      return error.message();
    }
    return std::string("accepted");
  };
  EXPECT_NE(message(kDigest).find("too short"), std::string::npos);
  EXPECT_NE(message(kDigest + "-").find("empty name"), std::string::npos);
  EXPECT_NE(message(kDigest + "_x").find("'-'"), std::string::npos);
  EXPECT_NE(message("e" + kDigest.substr(1) + "-x").find("base-32"), std::string::npos);
  EXPECT_NE(message(kDigest + "-a b").find("illegal character"), std::string::npos);
  EXPECT_NE(message(kDigest + "-a/b").find("illegal character"), std::string::npos);
  EXPECT_NE(message(kDigest + "-" + std::string(212, 'a')).find("longer than 211"),
            std::string::npos);
  for (const char* name : {".", "..", ".-x", "..-x"}) {
    EXPECT_NE(message(kDigest + "-" + name).find("'..'"), std::string::npos) << name;
  }
}

TEST(StorePath, AcceptsWhatNamesMayBe) {
  for (const std::string& name : {std::string(211, 'a'), std::string(".x"), std::string("..x"),
                                  std::string("a+b-c.d_e?f=G9")}) {
    EXPECT_EQ(StorePath::parse(kDigest + "-" + name).name(), name);
    EXPECT_TRUE(is_store_path_name(name));
    EXPECT_NO_THROW(check_store_path_name(name));
  }
}

TEST(StorePath, MakesItsDigestFromBytes) {
  const auto path = StorePath::make(std::string(20, '\0'), "zero");
  EXPECT_EQ(path.base_name(), std::string(32, '0') + "-zero");
  EXPECT_THROW(StorePath::make(std::string(19, '\0'), "short"), InvalidError);
  EXPECT_THROW(StorePath::make(std::string(20, '\0'), "a b"), InvalidError);
}

}  // namespace
}  // namespace grange
