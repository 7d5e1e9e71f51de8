#include "derivation/resolve.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "derivation/aterm.h"
#include "derivation/hash_modulo.h"
#include "derivation/placeholder.h"
#include "derivation/sample_files.h"

namespace grange {
namespace {

const StorePath kC1 = StorePath::parse("c8xmaqq10bh97dzcn8wfsbwlbx7sksvs-c1.drv");
const StorePath kC2 = StorePath::parse("58x69yxm6g0skkkz86c8pcylng2dlai3-c2.drv");
const StorePath kDeferred = StorePath::parse("75cvr4x196v6vyy8zd2fyw6svp9cvi95-deferred.drv");

Derivation golden(const StorePath& path) {
  const auto texts = read_texts(golden_directory("nix-store"));
  return parse_aterm(kNix, path.derivation_name(), texts.at(path.base_name()));
}

/// What Nix built (nix-store.md §5.2, §7.2).
std::optional<StorePath> built(const StorePath& derivation, std::string_view output) {
  if (derivation == kC1) return StorePath::parse("3c92bp44hz35pkckjvwqvbxlf10bvvdg-c1");
  if (derivation == kC2 && output == "out") {
    return StorePath::parse("c1d2n1vb9k8l12zw1m1k1vk4xmsdnn6s-c2");
  }
  return std::nullopt;
}

// The examples of nix-store.md §5.2, of Nix 2.8.
TEST(Resolve, AgreesWithNix) {
  const auto c2 = resolve(kNix, golden(kC2), built).resolved.value();
  EXPECT_TRUE(c2.inputs.empty());
  EXPECT_EQ(derivation_path(kNix, c2).base_name(), "dkhdwm9m2bm3ibp77p4a4syvv2l16hks-c2.drv");
  EXPECT_EQ(base16_encode(hash_modulo(kNix, c2, no_inputs)->hash.masked),
            "29897c5c51a44743637e31145c2c72b7c695fee96df3c5e87bb9ea0a63414613");

  const auto deferred = resolve(kNix, golden(kDeferred), built).resolved.value();
  EXPECT_EQ(derivation_path(kNix, deferred).base_name(),
            "fkp57b10a5hwv7ma361gy0vypw27rxa4-deferred.drv");
  EXPECT_EQ(deferred.kind(), DerivationKind::input_addressed);
  EXPECT_EQ(deferred.stated_path("out")->base_name(), "fr942k82gj83206126n6bfirb3i3mmhv-deferred");
}

TEST(Resolve, TellsWhatIsUnknown) {
  const auto nothing = [](const StorePath&, std::string_view) { return std::nullopt; };
  const auto resolution = resolve(kNix, golden(kDeferred), nothing);
  EXPECT_FALSE(resolution.resolved);
  const std::map<StorePath, std::set<std::string>> unknown = {{kC1, {"out"}}, {kC2, {"out"}}};
  EXPECT_EQ(resolution.unknown, unknown);
}

TEST(Resolve, WithoutInputsNothingIsAsked) {
  const auto never = [](const StorePath&, std::string_view) -> std::optional<StorePath> {
    ADD_FAILURE();
    return std::nullopt;
  };
  EXPECT_EQ(resolve(kNix, golden(kC1), never).resolved, golden(kC1));
}

TEST(Resolve, FollowsDynamicInputs) {
  const auto outer = StorePath::parse("a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-outer.drv");
  const auto inner = StorePath::parse("b015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-inner.drv");
  const auto result = StorePath::parse("d015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-inner");
  auto derivation = golden(kC1);
  derivation.inputs[outer].dynamic["out"].outputs = {"out"};
  derivation.builder = dynamic_placeholder(input_placeholder(outer, "out"), "out") + "/bin/x";
  const auto lookup = [&](const StorePath& path, std::string_view) -> std::optional<StorePath> {
    if (path == outer) return inner;
    if (path == inner) return result;
    return std::nullopt;
  };
  const auto resolved = resolve(kNix, derivation, lookup).resolved.value();
  EXPECT_EQ(resolved.builder, kNix.print(result) + "/bin/x");
  EXPECT_EQ(resolved.input_sources, std::set<StorePath>{result});

  const auto half = [&](const StorePath& path, std::string_view) -> std::optional<StorePath> {
    if (path == outer) return inner;
    return std::nullopt;
  };
  const std::map<StorePath, std::set<std::string>> unknown = {{inner, {"out"}}};
  EXPECT_EQ(resolve(kNix, derivation, half).unknown, unknown);
}

}  // namespace
}  // namespace grange
