#include "derivation/aterm.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

constexpr std::string_view kLeaf =
    R"(Derive([("out","/nix/store/x5qbk3rdymh6vmm8gfx4kpmkcyzfsi7b-leaf","","")],[],[],)"
    R"("x86_64-linux","/bin/sh",["-c","echo leaf > $out"],[("builder","/bin/sh"),("name","leaf"),)"
    R"(("out","/nix/store/x5qbk3rdymh6vmm8gfx4kpmkcyzfsi7b-leaf"),("system","x86_64-linux")]))";

TEST(Aterm, WorkedExample) {
  const auto store = StoreDir::nix();
  const auto leaf = parse_aterm(store, "leaf", kLeaf);
  EXPECT_EQ(leaf.kind(), DerivationKind::input_addressed);
  EXPECT_EQ(leaf.variable("name"), "leaf");
  EXPECT_EQ(leaf.arguments, (std::vector<std::string>{"-c", "echo leaf > $out"}));
  EXPECT_EQ(print_aterm(leaf, store), kLeaf);
  EXPECT_EQ(derivation_path(store, leaf).base_name(), "5msbsz4y0ix6bwd5phmfsaipb4w9q8n1-leaf.drv");
}

}  // namespace
}  // namespace grange
