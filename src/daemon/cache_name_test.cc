#include "daemon/cache_name.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "daemon/cache_nar_name.h"

namespace grange {
namespace {

using Kind = CacheName::Kind;
const std::string kSomeDigits(32, '0');
const std::string kSomeSha256(52, '0');

TEST(CacheNameTest, KnowsWhatACacheHas) {
  const auto kind = [](const std::string& path) { return CacheName::parse(path).value().kind; };
  EXPECT_EQ(kind("/"), Kind::index);
  EXPECT_EQ(kind("/nix-cache-info"), Kind::cache_info);
  EXPECT_EQ(kind("/" + kSomeDigits + ".narinfo"), Kind::narinfo);
  EXPECT_EQ(kind("/" + kSomeDigits + ".ls"), Kind::listing);
  EXPECT_EQ(kind("/nar/abc.nar.xz"), Kind::nar);
  EXPECT_EQ(kind("/nar/ab/c.nar"), Kind::nar);
  EXPECT_EQ(kind("/log/" + kSomeDigits + "-a.drv"), Kind::log);
  EXPECT_EQ(kind("/realisations/sha256:" + std::string(64, 'a') + "!out.doi"), Kind::realisation);
  EXPECT_EQ(kind("/debuginfo/" + std::string(40, 'a')), Kind::debug_info);
  EXPECT_EQ(CacheName::parse("/nar/abc.nar.xz")->key, "nar/abc.nar.xz");
  EXPECT_EQ(CacheName::parse("/" + kSomeDigits + ".ls")->hash_part, kSomeDigits);
}

TEST(CacheNameTest, KnowsNothingElse) {
  for (const auto* path : {"", "nar/a", "/nar", "/nix-cache-info/", "/x", "/x/y.narinfo",
                           "/realisations/x", "/.git/config", "/log", "/x/.ls"}) {
    EXPECT_FALSE(CacheName::parse(path)) << path;
  }
}

TEST(CacheNameTest, RefusesWhatIsMalformed) {
  for (const std::string& path : {std::string("/.narinfo"),
                                  std::string("/abc.narinfo"),
                                  "/" + std::string(31, '0') + ".narinfo",
                                  "/" + std::string(32, 'e') + ".narinfo",
                                  "/" + std::string(32, 'A') + ".ls",
                                  std::string("/nar/"),
                                  std::string("/nar/../x"),
                                  std::string("/nar/a//b"),
                                  std::string("/nar/.hidden"),
                                  std::string("/nar/a b"),
                                  std::string("/nar/a\nb"),
                                  std::string("/nar/") + std::string(2000, 'a'),
                                  std::string("/log/"),
                                  std::string("/log/x"),
                                  "/log/" + kSomeDigits + "-a/../b",
                                  std::string("/realisations/.doi"),
                                  std::string("/realisations/sha256:aa!out.doi"),
                                  "/realisations/sha256:" + std::string(64, 'a') + "!../x.doi",
                                  "/realisations/sha256:" + std::string(64, 'a') + ".doi",
                                  std::string("/debuginfo/x")}) {
    EXPECT_THROW(CacheName::parse(path), InvalidError) << path;
  }
}

TEST(MadeNarNameTest, SaysWhichPathAndWhichContent) {
  const MadeNarName name{kSomeDigits, Hash(HashAlgorithm::sha256), NarCompression::zstd};
  EXPECT_EQ(name.to_string(), "nar/" + kSomeDigits + "-" + kSomeSha256 + ".nar.zst");
  const auto read = MadeNarName::try_parse(name.to_string()).value();
  EXPECT_EQ(read.hash_part, name.hash_part);
  EXPECT_EQ(read.nar_hash, name.nar_hash);
  EXPECT_EQ(read.compression, name.compression);
  const auto plain = MadeNarName::try_parse("nar/" + kSomeDigits + "-" + kSomeSha256 + ".nar");
  EXPECT_EQ(plain.value().compression, NarCompression::none);
}

TEST(MadeNarNameTest, TakesNoOtherForm) {
  for (const std::string& key :
       {std::string(), "nar/" + kSomeSha256 + ".nar", kSomeDigits + "-" + kSomeSha256 + ".nar",
        "nar/" + kSomeDigits + kSomeSha256 + ".nar", "nar/" + kSomeDigits + "-" + kSomeSha256,
        "nar/" + kSomeDigits + "-" + kSomeSha256 + ".nar.xz",
        "nar/" + kSomeDigits + "-" + std::string(52, 'z') + ".nar",
        "nar/" + std::string(32, 'u') + "-" + kSomeSha256 + ".nar"}) {
    EXPECT_FALSE(MadeNarName::try_parse(key)) << key;
  }
}

TEST(FileNarNameTest, IsADigestAndASuffix) {
  for (const char* suffix : {"", ".xz", ".zst", ".bz2", ".br"}) {
    const auto name = FileNarName::try_parse("nar/" + kSomeSha256 + ".nar" + suffix);
    EXPECT_EQ(name.value().file_hash, Hash(HashAlgorithm::sha256));
  }
  for (const std::string& key :
       {std::string("nar/x.nar"), "nar/" + kSomeSha256, "nar/" + kSomeSha256 + ".nar.exe",
        kSomeSha256 + ".nar", "nar/" + kSomeSha256 + ".nar/x"}) {
    EXPECT_FALSE(FileNarName::try_parse(key)) << key;
  }
}

}  // namespace
}  // namespace grange
