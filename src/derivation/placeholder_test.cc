#include "derivation/placeholder.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

// The examples of nix-store.md §5.1, of Nix 2.8 and of upstream's tests.
TEST(Placeholder, AgreesWithNix) {
  EXPECT_EQ(output_placeholder("out"), "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9");
  EXPECT_EQ(output_placeholder("dev"), "/02qcpld1y6xhs5gz9bchpxaw0xdhmsp5dv88lh25r2ss44kh8dxz");
  EXPECT_EQ(input_placeholder(StorePath::parse("c8xmaqq10bh97dzcn8wfsbwlbx7sksvs-c1.drv"), "out"),
            "/0yp5spjvdazkhi4kj984vc1v1s642z9c8wi0as2k5h19rpl7qk1v");
  EXPECT_EQ(input_placeholder(StorePath::parse("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo.drv"), "out"),
            "/0c6rn30q4frawknapgwq386zq358m8r6msvywcvc89n6m5p2dgbz");
  const auto inner =
      input_placeholder(StorePath::parse("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo.drv.drv"), "out");
  EXPECT_EQ(dynamic_placeholder(inner, "out"),
            "/0gn6agqxjyyalf0dpihgyf49xq5hqxgw100f0wydnj6yqrhqsb3w");
}

TEST(Placeholder, DynamicOnesNeedOne) {
  EXPECT_THROW(dynamic_placeholder("/short", "out"), InvalidError);
  EXPECT_THROW(dynamic_placeholder(output_placeholder("out").substr(1), "out"), InvalidError);
}

}  // namespace
}  // namespace grange
