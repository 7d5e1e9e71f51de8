#include "archive/narinfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/signature.h"

namespace grange {
namespace {

using testing::HasSubstr;

/// As Nix 2.8 writes it (nix-store.md §7.2).
constexpr std::string_view kNarInfo =
    "StorePath: /nix/store/c1d2n1vb9k8l12zw1m1k1vk4xmsdnn6s-c2\n"
    "URL: nar/1w1fff338fvdw53sqgamddn1b2xgds473pv6y13gizdbqjv4i5p3.nar.xz\n"
    "Compression: xz\n"
    "FileHash: sha256:1w1fff338fvdw53sqgamddn1b2xgds473pv6y13gizdbqjv4i5p3\n"
    "FileSize: 196\n"
    "NarHash: sha256:1840525r3fdc9yw7lcvycrszq23s3yzi2dawb9skvkzlri73c2c5\n"
    "NarSize: 216\n"
    "References: 33gpqn9lvf1c1kvrkgz2ibysw54bhbpx-c2-dev 3c92bp44hz35pkckjvwqvbxlf10bvvdg-c1\n"
    "Deriver: dkhdwm9m2bm3ibp77p4a4syvv2l16hks-c2.drv\n"
    "Sig: test-1:pr2/xt+gGbdpZUo9IqJIgQz2kCqALBwKBOPO9SE7F+YcdvEX5Ob5w8HnELejZ8XAxPhMtEzrzoa1zqLO4"
    "adfBA==\n"
    "CA: fixed:r:sha256:1840525r3fdc9yw7lcvycrszq23s3yzi2dawb9skvkzlri73c2c5\n";

std::string without(std::string_view key) {
  std::string text(kNarInfo);
  const auto begin = text.find(std::string(key) + ": ");
  text.erase(begin, text.find('\n', begin) + 1 - begin);
  return text;
}

TEST(NarInfo, ReadsAndWritesWhatNixWrites) {
  const auto read = parse_narinfo(StoreDir::nix(), kNarInfo);
  EXPECT_EQ(read.info.path.name(), "c2");
  EXPECT_EQ(read.compression, NarCompression::xz);
  EXPECT_EQ(read.file_size, 196U);
  EXPECT_EQ(read.info.nar_size, 216U);
  EXPECT_EQ(read.info.references.size(), 2U);
  EXPECT_EQ(read.info.deriver->derivation_name(), "c2");
  EXPECT_TRUE(is_content_addressed(StoreDir::nix(), read.info));
  EXPECT_EQ(print_narinfo(StoreDir::nix(), read), kNarInfo);
}

TEST(NarInfo, LeavesOutWhatIsNotKnown) {
  NarInfo narinfo = parse_narinfo(StoreDir::nix(), without("FileHash"));
  EXPECT_FALSE(narinfo.file_hash);
  narinfo.file_size.reset();
  narinfo.info.deriver.reset();
  narinfo.info.references.clear();
  narinfo.info.content_address.reset();
  narinfo.info.signatures.clear();
  const auto text = print_narinfo(StoreDir::nix(), narinfo);
  EXPECT_THAT(text, HasSubstr("NarSize: 216\nReferences: \n"));
  EXPECT_TRUE(text.ends_with("References: \n"));
  EXPECT_EQ(print_narinfo(StoreDir::nix(), parse_narinfo(StoreDir::nix(), text)), text);
}

TEST(NarInfo, PassesOverForeignKeysAndReadsOldForms) {
  EXPECT_EQ(parse_narinfo(StoreDir::nix(), without("Compression")).compression,
            NarCompression::bzip2);
  const auto odd =
      parse_narinfo(StoreDir::nix(), "System: x86_64-linux\nNew:\n" + without("Deriver") +
                                         "Deriver: unknown-deriver\nSig: other:AAAA\n");
  EXPECT_FALSE(odd.info.deriver);
  EXPECT_EQ(odd.info.signatures.size(), 2U);
}

TEST(NarInfo, RefusesWhatIsBroken) {
  for (const char* key : {"StorePath", "URL", "NarHash", "NarSize"}) {
    EXPECT_THROW(parse_narinfo(StoreDir::nix(), without(key)), CorruptError) << key;
  }
  const std::string whole(kNarInfo);
  for (const std::string& text :
       {std::string(), whole.substr(0, whole.size() - 1), whole + "no colon\n",
        whole + "References: 33gpqn9lvf1c1kvrkgz2ibysw54bhbpx-c2-dev\n", whole + "CA: \n",
        whole + "NarSize: 216\n", without("NarSize") + "NarSize: 0\n",
        without("NarSize") + "NarSize: 12x\n",
        without("NarSize") + "NarSize: 99999999999999999999999\n",
        without("NarHash") + "NarHash: sha1:kpcd173cq987hw957sx6m0868wv3x6d9\n",
        without("Compression") + "Compression: lzma9\n",
        without("StorePath") + "StorePath: /gnu/store/c1d2n1vb9k8l12zw1m1k1vk4xmsdnn6s-c2\n"}) {
    EXPECT_THROW(parse_narinfo(StoreDir::nix(), text), CorruptError) << text;
  }
  try {
    parse_narinfo(StoreDir::nix(), without("NarSize") + "NarSize: -1\n");
    FAIL();
  } catch (const CorruptError& error) {
    EXPECT_THAT(error.what(), HasSubstr("line 11 (NarSize)"));
  }
}

}  // namespace
}  // namespace grange
