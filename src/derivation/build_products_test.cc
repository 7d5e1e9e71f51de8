#include "derivation/build_products.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

BuildProduct product(std::string type, std::string subtype, std::string path,
                     std::string default_path = "") {
  BuildProduct product;
  product.type = std::move(type);
  product.subtype = std::move(subtype);
  product.path = std::move(path);
  product.default_path = std::move(default_path);
  return product;
}

TEST(BuildProducts, Lines) {
  EXPECT_EQ(
      parse_build_products("file iso /nix/store/x/image.iso\n"
                           "doc\tmanual  /nix/store/x/doc index.html\n"
                           "\n"
                           "file binary-dist \"/nix/store/x/with space\" a\n"
                           "report none \"/nix/store/x\""),
      (std::vector<BuildProduct>{product("file", "iso", "/nix/store/x/image.iso"),
                                 product("doc", "manual", "/nix/store/x/doc", "index.html"),
                                 product("file", "binary-dist", "/nix/store/x/with space", "a"),
                                 product("report", "none", "/nix/store/x")}));
}

TEST(BuildProducts, WhatIsNoProductIsPassedOver) {
  for (const auto* line :
       {"", "file", "file iso", "file iso ", "file i!o /x", "f/e iso /x", "file iso \"/x",
        "file iso \"\"", "file iso /x y z", "file iso <x>", "file iso /x <y>", " file iso /x",
        "file iso /x ", "file iso \"/x\"y", "file iso a\"b"}) {
    EXPECT_TRUE(parse_build_products(line).empty()) << line;
  }
  EXPECT_TRUE(parse_build_products(std::string_view("file iso \"/x\0y\"", 15)).empty());
  EXPECT_EQ(parse_build_products("nonsense\nfile iso /x\n?").size(), 1U);
  EXPECT_TRUE(parse_build_products("file iso /" + std::string(10000, 'x')).empty());
  std::string many;
  for (std::size_t i = 0; i < kMaxBuildProducts + 5; ++i) many += "file iso /x\n";
  EXPECT_EQ(parse_build_products(many).size(), kMaxBuildProducts);
}

TEST(BuildProducts, Names) {
  EXPECT_EQ(build_product_name("/nix/store/x/a b.iso"), "a b.iso");
  EXPECT_EQ(build_product_name("/nix/store/x/<b>"), "");
}

TEST(BuildMetrics, Lines) {
  EXPECT_EQ(parse_build_metrics("size 12 bytes\ntime 0.5\n  ratio 1e-3 %\nsize 13 KiB more\n"
                                "bad x\nalone\nb!d 1\ninf inf\nhex 0x1\nodd 1 <unit>\n"),
            (std::vector<BuildMetric>{
                {"odd", 1, ""}, {"ratio", 1e-3, "%"}, {"size", 13, "KiB"}, {"time", 0.5, ""}}));
}

TEST(ReleaseName, OneWord) {
  EXPECT_EQ(parse_release_name(" hello-1.0@x:y_z \n"), "hello-1.0@x:y_z");
  EXPECT_FALSE(parse_release_name("two words"));
  EXPECT_FALSE(parse_release_name(" \n"));
  EXPECT_FALSE(parse_release_name("a/b"));
  EXPECT_FALSE(parse_release_name(std::string(300, 'a')));
}

}  // namespace
}  // namespace grange
