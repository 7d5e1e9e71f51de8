#include "derivation/path_info.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

/// The worked example of nix-store.md §7.2, made by Nix 2.8.
PathInfo example() {
  PathInfo info(StorePath::parse("c1d2n1vb9k8l12zw1m1k1vk4xmsdnn6s-c2"),
                Hash::parse("sha256:1840525r3fdc9yw7lcvycrszq23s3yzi2dawb9skvkzlri73c2c5"));
  info.nar_size = 216;
  info.references = {StorePath::parse("33gpqn9lvf1c1kvrkgz2ibysw54bhbpx-c2-dev"),
                     StorePath::parse("3c92bp44hz35pkckjvwqvbxlf10bvvdg-c1")};
  info.content_address =
      ContentAddress::parse("fixed:r:sha256:1840525r3fdc9yw7lcvycrszq23s3yzi2dawb9skvkzlri73c2c5");
  return info;
}

TEST(PathFingerprint, IsAsNixSignsIt) {
  auto info = example();
  EXPECT_EQ(path_fingerprint(StoreDir::nix(), info),
            "1;/nix/store/c1d2n1vb9k8l12zw1m1k1vk4xmsdnn6s-c2;sha256:"
            "1840525r3fdc9yw7lcvycrszq23s3yzi2dawb9skvkzlri73c2c5;216;/nix/store/"
            "33gpqn9lvf1c1kvrkgz2ibysw54bhbpx-c2-dev,/nix/store/"
            "3c92bp44hz35pkckjvwqvbxlf10bvvdg-c1");
  info.references.clear();
  EXPECT_TRUE(path_fingerprint(StoreDir::nix(), info).ends_with(";216;"));
  info.nar_size = 0;
  EXPECT_THROW(path_fingerprint(StoreDir::nix(), info), InvalidError);
}

TEST(ContentAddressed, GoesByThePathThatTheAddressLeadsTo) {
  auto info = example();
  EXPECT_TRUE(is_content_addressed(StoreDir::nix(), info));
  EXPECT_FALSE(is_content_addressed(StoreDir::parse("/gnu/store"), info));
  auto fewer = info;
  fewer.references.erase(fewer.references.begin());
  EXPECT_FALSE(is_content_addressed(StoreDir::nix(), fewer));
  info.content_address.reset();
  EXPECT_FALSE(is_content_addressed(StoreDir::nix(), info));
}

}  // namespace
}  // namespace grange
