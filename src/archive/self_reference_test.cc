#include "archive/self_reference.h"

#include <gtest/gtest.h>

#include "archive/nar.h"
#include "base/file.h"

namespace grange {
namespace {

/// The worked example `selfref` of nix-store.md §5.3.
TEST(SelfReferenceTest, HashesTheWorkedExample) {
  const std::string hash_part = "gvai4vq73asdc2g9d05ychpy6afzrk5a";
  const std::string own = "/nix/store/" + hash_part + "-selfref";
  const TemporaryDirectory temporary;
  write_file(temporary.path() / "f", "me=" + own + " again " + own + "\n");
  StringSink nar;
  dump_nar(temporary.path() / "f", nar);
  ASSERT_EQ(nar.text().size(), 232U);
  for (const std::size_t piece : {1U, 31U, 32U, 33U, 1000U}) {
    SelfReferenceHasher hasher(HashAlgorithm::sha256, hash_part);
    for (std::size_t at = 0; at < nar.text().size(); at += piece) {
      hasher.write(std::string_view(nar.text()).substr(at, piece));
    }
    EXPECT_EQ(hasher.finish().digits(HashFormat::nix32),
              "1z810vzs213xx279mxxxl9pfbs1871qz626wcpz40kpk0x0q9ha4")
        << piece;
  }
}

TEST(SelfReferenceTest, WithoutOccurrenceIsThePlainDigest) {
  SelfReferenceHasher hasher(HashAlgorithm::sha1, "gvai4vq73asdc2g9d05ychpy6afzrk5a");
  hasher.write("gvai4vq73asdc2g9d05ychpy6afzrk5");
  EXPECT_EQ(hasher.finish(), hash_bytes(HashAlgorithm::sha1, "gvai4vq73asdc2g9d05ychpy6afzrk5"));
}

}  // namespace
}  // namespace grange
