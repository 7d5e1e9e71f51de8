#include "base/hash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

const std::string kHex = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const std::string kNix32 = "094qif9n4cq4fdg459qzbhg1c6wywawwaaivx0k0x8xhbyx4vwic";
const std::string kSri = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";

/// The examples of nix-store.md §1.2, of the five bytes "hello".
TEST(HashTest, PrintsTheReferenceExamples) {
  const Hash hash = hash_bytes(HashAlgorithm::sha256, "hello");
  EXPECT_EQ(hash.to_string(HashFormat::base16), "sha256:" + kHex);
  EXPECT_EQ(hash.digits(HashFormat::nix32), kNix32);
  EXPECT_EQ(hash.to_string(HashFormat::sri), kSri);
  EXPECT_EQ(hash_bytes(HashAlgorithm::md5, "hello").digits(HashFormat::nix32),
            "4jqlbi14cxf6wpcajbphm40hax");
  EXPECT_EQ(hash_bytes(HashAlgorithm::sha1, "hello").digits(HashFormat::nix32),
            "9m1skbnr5i43n3yypvda5s65vhfwdx5a");
  EXPECT_EQ(hash_bytes(HashAlgorithm::sha512, "hello").digits(HashFormat::nix32),
            "11w1pmwfdpz9pisbhp5qiv38q6dmidq2ipcqykw3p0sb6yrqcij79rwcwcjbxyzwbdal349qbxrncbk7pmd6s"
            "nljrfpiwv2pljd4wcv");
}

TEST(HashTest, ParsesEverySpelling) {
  const Hash hash = hash_bytes(HashAlgorithm::sha256, "hello");
  for (const auto format : {HashFormat::base16, HashFormat::nix32, HashFormat::base64}) {
    EXPECT_EQ(Hash::parse("sha256:" + hash.digits(format)), hash);
    EXPECT_EQ(Hash::parse(hash.digits(format), HashAlgorithm::sha256), hash);
  }
  EXPECT_EQ(Hash::parse(kSri), hash);
  EXPECT_EQ(Hash::parse(kSri, HashAlgorithm::sha256), hash);
  std::string upper = kHex;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(Hash::parse("sha256:" + upper), hash);
  for (const auto algorithm : {HashAlgorithm::md5, HashAlgorithm::sha1, HashAlgorithm::sha512}) {
    const Hash other = hash_bytes(algorithm, "x");
    for (const auto format :
         {HashFormat::base16, HashFormat::nix32, HashFormat::base64, HashFormat::sri}) {
      EXPECT_EQ(Hash::parse(other.to_string(format)), other);
    }
  }
}

std::string refusal(std::string_view text, std::optional<HashAlgorithm> algorithm = std::nullopt) {
  try {
    Hash::parse(text, algorithm);
  } catch (const InvalidError& error) {
    return error.what();
  }
  return {};
}

TEST(HashTest, RefusesWhatIsNoHash) {
  using testing::HasSubstr;
  EXPECT_THAT(refusal("sha3:" + kHex), HasSubstr("unknown hash algorithm 'sha3'"));
  EXPECT_THAT(refusal(kHex), HasSubstr("does not name its algorithm"));
  EXPECT_THAT(refusal("sha256:" + kHex + "0"), HasSubstr("wrong length"));
  EXPECT_THAT(refusal("sha256-" + kHex), HasSubstr("wrong length"));
  EXPECT_THAT(refusal("sha256:z" + kNix32.substr(1)), HasSubstr("invalid digits"));
  EXPECT_THAT(refusal("sha256:g" + kHex.substr(1)), HasSubstr("invalid digits"));
  EXPECT_THAT(refusal("sha1:" + kHex, HashAlgorithm::sha256), HasSubstr("'sha256'"));
  EXPECT_NE(refusal(""), "");
  EXPECT_NE(refusal(":"), "");
  EXPECT_NE(refusal("sha256:"), "");
}

TEST(HashTest, HashesInPiecesAndAgain) {
  Hasher hasher(HashAlgorithm::sha256);
  hasher.update("hel").update("").update("lo");
  EXPECT_EQ(hasher.finish().digits(HashFormat::base16), kHex);
  EXPECT_EQ(hasher.update("hello").finish().digits(HashFormat::base16), kHex);
  EXPECT_EQ(to_hash(sha256("hello")).digits(HashFormat::base16), kHex);
}

TEST(HashTest, FoldsByExclusiveOr) {
  const std::array<std::uint8_t, 22> digest{1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                            0, 0, 0, 0, 0, 0, 0, 0, 9, 4, 2};
  const auto folded = fold_hash(digest);
  EXPECT_EQ(folded[0], 5);
  EXPECT_EQ(folded[1], 0);
  EXPECT_EQ(folded[19], 9);
}

}  // namespace
}  // namespace grange
