#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "base/hash.h"
#include "build/build_report.h"
#include "build/test_builder.h"

namespace grange {
namespace {

using ReportTest = BuilderTest;

INSTANTIATE_TEST_SUITE_P(Worlds, ReportTest,
                         testing::Values(BuildPolicy::Sandbox::sandboxed,
                                         BuildPolicy::Sandbox::unsandboxed),
                         sandbox_name);

Hash digest_of(std::string_view content) {
  Hasher hasher(HashAlgorithm::sha256);
  hasher.update(content);
  return hasher.finish();
}

std::string full_path(const StorePath& path) {
  return StoreDir::nix().print(path);
}

TEST_P(ReportTest, WhatTheOutputsSay) {
  ScriptedStep step("app",
                    "mkdir -p $out/nix-support $dev/nix-support \"$out/a b\" $out/doc; "
                    "printf hello > $out/a\\ b/x.iso; ln -s x.iso $out/a\\ b/link; "
                    "{ echo file iso \\\"$out/a b/x.iso\\\"; echo doc manual $out/doc/ index.html; "
                    "echo file link \\\"$out/a b/link\\\"; echo file far $dev/../passwd; "
                    "echo file gone $out/gone; echo file etc /etc/passwd; echo x y $out; } "
                    "> $out/nix-support/hydra-build-products; "
                    "echo report dev $dev > $dev/nix-support/hydra-build-products; "
                    "echo 'size 3 KiB' > $dev/nix-support/hydra-metrics; "
                    "printf 'size 5 KiB\\ntime 1.5' > $out/nix-support/hydra-metrics; "
                    "echo app-2.0 > $out/nix-support/hydra-release-name",
                    {"dev", "out"});
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message << result.log_tail;
  const auto& report = result.report;
  EXPECT_EQ(report.release_name, "app-2.0");
  EXPECT_EQ(report.metrics, (std::vector<BuildMetric>{{"size", 5, "KiB"}, {"time", 1.5, ""}}));
  EXPECT_FALSE(report.failed_output);
  const auto out = full_path(step.output());
  std::vector<BuildProduct> products(4);
  products[0] = {"report", "dev", "", full_path(step.output("dev")), "", true, {}, {}};
  products[1] = {"file", "iso", "x.iso", out + "/a b/x.iso", "", true, 5, digest_of("hello")};
  products[2] = {"doc", "manual", "doc", out + "/doc", "index.html", true, {}, {}};
  products[3] = {"x", "y", "", out, "", true, {}, {}};
  EXPECT_EQ(report.products, products);

  const auto again = build(step);
  EXPECT_TRUE(again.already_valid);
  EXPECT_EQ(again.report, report);
  const auto unhashed =
      read_build_report(world().store(), result.outputs, "app", ProductHashes::leave_out, {});
  EXPECT_EQ(unhashed.products[1].size, 5U);
  EXPECT_FALSE(unhashed.products[1].sha256);
}

TEST_P(ReportTest, DirectoriesAreProductsWhereNoneIsDeclared) {
  ScriptedStep step("lib", "mkdir $out $dev; echo > $file", {"dev", "file", "out"});
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message;
  ASSERT_EQ(result.report.products.size(), 2U);
  EXPECT_EQ(result.report.products[0].subtype, "dev");
  EXPECT_EQ(result.report.products[1].subtype, "");
  EXPECT_EQ(result.report.products[1].type, "nix-build");
  EXPECT_EQ(result.report.products[1].name, "lib");
  EXPECT_FALSE(result.report.products[1].declared);
}

TEST_P(ReportTest, AnOutputMayMarkItselfFailed) {
  ScriptedStep step("tests",
                    "mkdir -p $out/nix-support; echo > $out/nix-support/failed; "
                    "echo 'passed 3' > $out/nix-support/hydra-metrics");
  auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::failed_with_output);
  EXPECT_EQ(result.message, "its output 'out' marks it as failed (nix-support/failed)");
  EXPECT_EQ(result.outputs.at("out"), step.output());
  EXPECT_EQ(result.report.metrics.size(), 1U);
  EXPECT_TRUE(world().store().is_valid(step.output())) << "it is there for people to look at";
  result = build(step);
  EXPECT_TRUE(result.already_valid);
  EXPECT_EQ(result.outcome, Outcome::failed_with_output);
}

TEST_P(ReportTest, NoSymlinkIsFollowed) {
  ScriptedStep support("support",
                       "mkdir -p $real $out; echo > $real/failed; ln -s $real $out/nix-support",
                       {"out", "real"});
  EXPECT_TRUE(build(support).good());
  ScriptedStep whole("whole",
                     "mkdir -p $real/nix-support; echo > $real/nix-support/x; "
                     "echo file passwd /etc/passwd > $real/p; mkdir -p $out/nix-support; "
                     "ln -s $real/p $out/nix-support/hydra-build-products; "
                     "ln -s /etc/hostname $out/nix-support/hydra-release-name",
                     {"out", "real"});
  const auto result = build(whole);
  ASSERT_TRUE(result.good()) << result.message << result.log_tail;
  EXPECT_EQ(result.report.release_name, "");
  for (const auto& product : result.report.products) EXPECT_FALSE(product.declared);
  ScriptedStep link("link", "ln -s /etc $out");
  EXPECT_TRUE(build(link).report.products.empty());
}

}  // namespace
}  // namespace grange
