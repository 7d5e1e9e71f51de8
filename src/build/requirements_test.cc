#include "build/requirements.h"

#include <gtest/gtest.h>

#include "build/test_support.h"

namespace grange {
namespace {

const Machine kMachine{"x86_64-linux", {"i686-linux"}, {"big-parallel", "kvm"}, {"/opt/data/"}};

Derivation derivation_for(std::string system) {
  Derivation derivation;
  derivation.name = "x";
  derivation.outputs.emplace("out", InputAddressedOutput{repeated_path('a', "x")});
  derivation.system = std::move(system);
  derivation.builder = "/bin/sh";
  return derivation;
}

std::optional<BuildFailure> unmet(const Derivation& derivation, const BuildPolicy& policy = {}) {
  return unmet_requirement("/nix/store/x.drv", derivation, DerivationAttributes::parse(derivation),
                           policy, kMachine);
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
  EXPECT_FALSE(unmet(derivation));
  derivation.builder = "builtin:unknown";
  const auto failure = unmet(derivation);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->outcome, Outcome::unsupported);
  EXPECT_NE(failure->message.find("builtin:unknown"), std::string::npos);
}

TEST(Requirements, SaysWhatIsNotMadeHere) {
  const auto refused = [](auto change) {
    auto derivation = derivation_for("x86_64-linux");
    change(derivation);
    const auto failure = unmet(derivation);
    return failure && failure->outcome == Outcome::unsupported;
  };
  EXPECT_TRUE(refused([](Derivation& d) { d.environment["__noChroot"] = "1"; }));
  EXPECT_TRUE(refused([](Derivation& d) { d.environment["__impureHostDeps"] = "/usr"; }));
  EXPECT_TRUE(refused([](Derivation& d) {
    d.outputs.clear();
    d.outputs.emplace("out", DeferredOutput{});
  }));
  EXPECT_TRUE(refused([](Derivation& d) {
    d.outputs.clear();
    const ContentAddress address{ContentMethod::git, Hash(HashAlgorithm::sha1)};
    d.outputs.emplace("out", FixedOutput{address, repeated_path('a', "x")});
  }));

  auto outside = derivation_for("x86_64-linux");
  outside.environment["__noChroot"] = "1";
  BuildPolicy policy;
  policy.sandbox = BuildPolicy::Sandbox::unsandboxed;
  EXPECT_FALSE(unmet(outside, policy));
  policy.sandbox = BuildPolicy::Sandbox::relaxed;
  EXPECT_FALSE(unmet(outside, policy));
  policy.mode = BuildPolicy::Mode::check;
  EXPECT_FALSE(unmet(outside, policy));
  policy.mode = BuildPolicy::Mode::repair;
  EXPECT_FALSE(unmet(outside, policy));
}

TEST(Requirements, StructuredAttributesSpeakAlone) {
  auto derivation = derivation_for("x86_64-linux");
  derivation.environment["__noChroot"] = "1";
  derivation.environment["requiredSystemFeatures"] = "magic";
  derivation.environment["__json"] = R"({"requiredSystemFeatures":["kvm"]})";
  EXPECT_FALSE(unmet(derivation));
  derivation.environment["__json"] = R"({"requiredSystemFeatures":["magic"]})";
  EXPECT_TRUE(unmet(derivation));
  derivation.environment["__json"] = R"({"__noChroot":true})";
  EXPECT_TRUE(unmet(derivation));
}

TEST(Requirements, HostPathsMustBeNamed) {
  const auto refused = [](const std::string& paths, BuildPolicy::Sandbox sandbox) {
    auto derivation = derivation_for("x86_64-linux");
    derivation.environment["__impureHostDeps"] = paths;
    BuildPolicy policy;
    policy.sandbox = sandbox;
    return unmet(derivation, policy).has_value();
  };
  using enum BuildPolicy::Sandbox;
  EXPECT_FALSE(refused("/opt/data /opt/data/below", sandboxed));
  EXPECT_FALSE(refused("/opt//data/./x", relaxed));
  EXPECT_TRUE(refused("/opt/data /usr", sandboxed));
  EXPECT_TRUE(refused("/opt/data/../secret", sandboxed));
  EXPECT_TRUE(refused("/opt/database", relaxed));
  EXPECT_TRUE(refused("/opt", sandboxed));
  EXPECT_TRUE(refused("opt/data", sandboxed));
  EXPECT_FALSE(refused("/usr", unsandboxed)) << "all of the host is there";
}

TEST(Requirements, TheWorldGoesByPolicy) {
  const auto world = [](bool no_sandbox, BuildPolicy::Sandbox sandbox) {
    DerivationAttributes attributes;
    attributes.no_sandbox = no_sandbox;
    BuildPolicy policy;
    policy.sandbox = sandbox;
    return build_world(derivation_for("x86_64-linux"), attributes, policy);
  };
  using enum BuildPolicy::Sandbox;
  EXPECT_EQ(world(false, sandboxed), BuildWorld::sandboxed);
  EXPECT_EQ(world(false, relaxed), BuildWorld::sandboxed);
  EXPECT_EQ(world(true, relaxed), BuildWorld::unsandboxed);
  EXPECT_EQ(world(false, unsandboxed), BuildWorld::unsandboxed);
  auto builtin = derivation_for("builtin");
  builtin.builder = "builtin:fetchurl";
  EXPECT_EQ(build_world(builtin, {}, {}), BuildWorld::builtin);
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
