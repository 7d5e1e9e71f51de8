#include "build/fixed_output.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/stream.h"
#include "build/test_support.h"

namespace grange {
namespace {

class FixedOutputTest : public testing::Test {
 protected:
  std::optional<BuildFailure> check(ContentMethod method, const Hash& specified,
                                    const std::set<StorePath>& candidates = {}) {
    return check_fixed_output("/nix/store/x.drv", StoreDir::nix(), {method, specified}, file_,
                              scan_nar(file_, candidates));
  }

  TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "file";
};

TEST_F(FixedOutputTest, AcceptsWhatIsSpecified) {
  write_file(file_, "hello\n");
  EXPECT_FALSE(check(ContentMethod::flat, hash_bytes(HashAlgorithm::sha256, "hello\n")));
  EXPECT_FALSE(check(ContentMethod::flat, hash_bytes(HashAlgorithm::md5, "hello\n")));
  EXPECT_FALSE(check(ContentMethod::recursive, hash_nar(file_).hash));
  HashSink sha1(HashAlgorithm::sha1);
  dump_nar(file_, sha1);
  EXPECT_FALSE(check(ContentMethod::recursive, sha1.finish()));
}

TEST_F(FixedOutputTest, SaysWhatWasSpecifiedAndGot) {
  write_file(file_, "hello\n");
  const auto failure = check(ContentMethod::flat, Hash(HashAlgorithm::sha256));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->outcome, Outcome::hash_mismatch);
  EXPECT_EQ(failure->message,
            "hash mismatch in fixed-output derivation '/nix/store/x.drv':\n"
            "  specified: sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
            "     got:    sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=");
}

TEST_F(FixedOutputTest, FlatMeansAPlainFile) {
  write_file(file_, "hello\n", Durability::atomic, 0755);
  auto failure = check(ContentMethod::flat, hash_bytes(HashAlgorithm::sha256, "hello\n"));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->outcome, Outcome::output_rejected);

  std::filesystem::remove(file_);
  std::filesystem::create_directory(file_);
  failure = check(ContentMethod::flat, Hash(HashAlgorithm::sha256));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->outcome, Outcome::output_rejected);

  std::filesystem::remove(file_);
  std::filesystem::create_symlink("elsewhere", file_);
  ASSERT_TRUE(check(ContentMethod::flat, Hash(HashAlgorithm::sha256)));
  EXPECT_FALSE(check(ContentMethod::recursive, hash_nar(file_).hash));
}

TEST_F(FixedOutputTest, RefusesReferences) {
  const auto other = repeated_path('a', "other");
  write_file(file_, "see " + StoreDir::nix().print(other));
  const auto failure = check(ContentMethod::recursive, hash_nar(file_).hash, {other});
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->outcome, Outcome::output_rejected);
  EXPECT_NE(failure->message.find(StoreDir::nix().print(other)), std::string::npos);
}

}  // namespace
}  // namespace grange
