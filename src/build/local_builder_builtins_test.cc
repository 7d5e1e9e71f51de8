#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "base/file.h"
#include "build/test_builder.h"

namespace grange {
namespace {

class StoreBuiltinsTest : public BuilderTest {
 protected:
  static ScriptedStep builtin(const std::string& builder) {
    ScriptedStep step("made", "");
    step.derivation.builder = builder;
    step.derivation.system = "builtin";
    return step;
  }
};

INSTANTIATE_TEST_SUITE_P(Worlds, StoreBuiltinsTest,
                         testing::Values(BuildPolicy::Sandbox::sandboxed,
                                         BuildPolicy::Sandbox::unsandboxed),
                         sandbox_name);

TEST_P(StoreBuiltinsTest, AUserEnvironment) {
  ScriptedStep package("package", "mkdir -p $out/bin; echo > $out/bin/tool");
  ASSERT_TRUE(build(package).good());
  const auto path = StoreDir::nix().print(package.output());
  auto step = builtin("builtin:buildenv");
  step.request.input_paths = {package.output()};
  step.derivation.environment["manifest"] = path;
  step.derivation.environment["derivations"] = "true 5 1 " + path;
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message;
  const auto real = world().store().real_path(step.output());
  EXPECT_EQ(std::filesystem::read_symlink(real / "bin"), path + "/bin");
  EXPECT_EQ(std::filesystem::read_symlink(real / "manifest.nix"), path);
  EXPECT_EQ(world().store().path_info(step.output())->references,
            std::set<StorePath>{package.output()});
}

TEST_P(StoreBuiltinsTest, AChannel) {
  // An archive of the kind "odc" of cpio, which can be written by hand.
  const auto entry = [](const std::string& name, const std::string& mode,
                        const std::string& content) {
    const auto octal = [](std::size_t number, std::size_t digits) {
      std::string text(digits, '0');
      for (auto at = text.rbegin(); number > 0; number /= 8, ++at) {
        *at = static_cast<char>('0' + number % 8);
      }
      return text;
    };
    return "070707000000000001" + mode + "000000000000000001000000" + octal(0, 11) +
           octal(name.size() + 1, 6) + octal(content.size(), 11) + name + '\0' + content;
  };
  const auto source = world().store().add_text(
      "channel.cpio",
      entry("top/default.nix", "100644", "{ }\n") + entry("TRAILER!!!", "000000", ""), {});
  auto step = builtin("builtin:unpack-channel");
  step.derivation.input_sources = {source};
  step.derivation.environment["src"] = StoreDir::nix().print(source);
  step.derivation.environment["channelName"] = "mine";
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message;
  EXPECT_EQ(world().read(step.output(), "mine/default.nix"), "{ }\n");
}

TEST_P(StoreBuiltinsTest, WhatTheyCannotMakeHasFailed) {
  auto step = builtin("builtin:buildenv");
  step.derivation.environment["derivations"] = "";
  auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_NE(result.message.find("attribute 'manifest' is missing"), std::string::npos);
  step.derivation.environment["manifest"] = "/m";
  step.derivation.environment["derivations"] = "true 5 1 /etc";
  result = build(step);
  EXPECT_EQ(result.outcome, Outcome::good) << "a directory of which nothing is seen";

  step = builtin("builtin:unpack-channel");
  step.request.derivation_path = make_text_path(StoreDir::nix(), "other.drv", "other", {});
  step.derivation.environment["src"] = "/etc/passwd";
  for (const auto* name : {"", ".", "..", "a/b", "ok"}) {
    step.derivation.environment["channelName"] = name;
    world().store().invalidate(step.output());
    remove_tree(world().store().real_path(step.output()));
    result = build(step);
    EXPECT_EQ(result.outcome, Outcome::failed) << name;
  }
  EXPECT_NE(result.message.find("there is no file '/etc/passwd'"), std::string::npos)
      << result.message;
  EXPECT_TRUE(world().in_store().empty());
}

}  // namespace
}  // namespace grange
