#include "build/requirements.h"

#include <gtest/gtest.h>

#include "build/test_support.h"

namespace grange {
namespace {

const Machine kMachine{"x86_64-linux", {"i686-linux"}, {"big-parallel", "kvm"}};

Derivation derivation_for(std::string system) {
  Derivation derivation;
  derivation.name = "x";
  derivation.outputs.emplace("out", InputAddressedOutput{repeated_path('a', "x")});
  derivation.system = std::move(system);
  derivation.builder = "/bin/sh";
  return derivation;
}

std::optional<BuildFailure> unmet(const Derivation& derivation, const BuildPolicy& policy = {}) {
  return unmet_requirement("/nix/store/x.drv", derivation, policy, kMachine);
}

TEST(Requirements, SystemsAndFeatures) {
  EXPECT_FALSE(unmet(derivation_for("x86_64-linux")));
  EXPECT_FALSE(unmet(derivation_for("i686-linux")));
  auto needy = derivation_for("x86_64-linux");
  needy.environment["requiredSystemFeatures"] = "kvm big-parallel";
  EXPECT_FALSE(unmet(needy));
  needy.environment["requiredSystemFeatures"] = "kvm nixos-test";
  const auto failure = unmet(needy);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->outcome, Outcome::unsupported);
  EXPECT_EQ(failure->message,
            "cannot build '/nix/store/x.drv': it needs a 'x86_64-linux' with features {kvm, "
            "nixos-test}, and this machine is a 'x86_64-linux' with features {big-parallel, kvm}");
  const auto foreign = unmet(derivation_for("aarch64-linux"));
  ASSERT_TRUE(foreign);
  EXPECT_EQ(foreign->outcome, Outcome::unsupported);
}

TEST(Requirements, BuiltinsRunAnywhere) {
  auto derivation = derivation_for("riscv64-linux");
  derivation.builder = "builtin:fetchurl";
  EXPECT_FALSE(unmet(derivation));
  derivation.builder = "builtin:buildenv";
  const auto failure = unmet(derivation);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->outcome, Outcome::unsupported);
  EXPECT_NE(failure->message.find("builtin:buildenv"), std::string::npos);
}

TEST(Requirements, SaysWhatIsNotMadeHere) {
  const auto refused = [](auto change) {
    auto derivation = derivation_for("x86_64-linux");
    change(derivation);
    const auto failure = unmet(derivation);
    return failure && failure->outcome == Outcome::unsupported;
  };
  EXPECT_TRUE(refused([](Derivation& d) { d.environment["__json"] = "{}"; }));
  EXPECT_TRUE(refused([](Derivation& d) { d.environment["exportReferencesGraph"] = "g /x"; }));
  EXPECT_TRUE(refused([](Derivation& d) { d.environment["__noChroot"] = "1"; }));
  EXPECT_TRUE(refused([](Derivation& d) { d.environment["__impureHostDeps"] = "/usr"; }));
  EXPECT_TRUE(refused([](Derivation& d) {
    d.outputs.clear();
    d.outputs.emplace("out", FloatingOutput{{ContentMethod::recursive, HashAlgorithm::sha256}});
  }));
  EXPECT_TRUE(refused([](Derivation& d) {
    d.outputs.clear();
    const ContentAddress address{ContentMethod::git, Hash(HashAlgorithm::sha1)};
    d.outputs.emplace("out", FixedOutput{address, repeated_path('a', "x")});
  }));
  EXPECT_FALSE(refused([](Derivation& d) { d.environment["exportReferencesGraph"] = ""; }));

  auto outside = derivation_for("x86_64-linux");
  outside.environment["__noChroot"] = "1";
  BuildPolicy policy;
  policy.sandbox = BuildPolicy::Sandbox::unsandboxed;
  EXPECT_FALSE(unmet(outside, policy));
  policy.mode = BuildPolicy::Mode::check;
  EXPECT_FALSE(unmet(outside, policy));
  policy.mode = BuildPolicy::Mode::repair;
  EXPECT_TRUE(unmet(outside, policy));
}

TEST(Requirements, WhatNoMachineCanRunHasFailed) {
  auto relative = derivation_for("x86_64-linux");
  relative.builder = "sh";
  ASSERT_TRUE(unmet(relative));
  EXPECT_EQ(unmet(relative)->outcome, Outcome::failed);
  auto broken = derivation_for("x86_64-linux");
  broken.environment["v"] = std::string("a\0b", 3);
  ASSERT_TRUE(unmet(broken));
  EXPECT_EQ(unmet(broken)->outcome, Outcome::failed);
}

TEST(Requirements, Personality) {
  EXPECT_TRUE(needs_32bit_personality("i686-linux", "x86_64-linux"));
  EXPECT_FALSE(needs_32bit_personality("x86_64-linux", "x86_64-linux"));
  EXPECT_FALSE(needs_32bit_personality("i686-linux", "i686-linux"));
  EXPECT_TRUE(needs_32bit_personality("armv7l-linux", "aarch64-linux"));
}

}  // namespace
}  // namespace grange
