#include <filesystem>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "build/test_builder.h"

namespace grange {
namespace {

using OutputTest = BuilderTest;

INSTANTIATE_TEST_SUITE_P(Worlds, OutputTest,
                         testing::Values(BuildPolicy::Sandbox::sandboxed,
                                         BuildPolicy::Sandbox::unsandboxed),
                         sandbox_name);

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

TEST_P(OutputTest, OutputsMayReferToEachOtherOneWay) {
  ScriptedStep step("pair", "echo $dev > $out; echo > $dev", {"dev", "out"});
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message;
  EXPECT_EQ(world().store().path_info(step.output())->references,
            std::set<StorePath>{step.output("dev")});
  EXPECT_EQ(result.outputs.size(), 2U);
}

TEST_P(OutputTest, ACycleNamesBoth) {
  ScriptedStep step("pair", "echo $dev > $out; echo $out > $dev", {"dev", "out"});
  const auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::output_rejected);
  EXPECT_NE(result.message.find("outputs 'dev' and 'out'"), std::string::npos) << result.message;
  EXPECT_TRUE(world().in_store().empty());
  EXPECT_TRUE(world().store().all_valid_paths().empty());
}

TEST_P(OutputTest, OnlyWhatIsMissingIsRegistered) {
  ScriptedStep step("pair", "echo $out $dev > $out; echo $1 > $dev", {"dev", "out"});
  ASSERT_TRUE(build(step).good());
  const auto before = world().store().path_info(step.output("dev"));
  world().store().invalidate(step.output());
  remove_tree(world().store().real_path(step.output()));
  step.derivation.arguments.insert(step.derivation.arguments.end(), {"sh", "other content"});

  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message;
  EXPECT_EQ(world().read(step.output()), StoreDir::nix().print(step.output()) + " " +
                                             StoreDir::nix().print(step.output("dev")) + "\n");
  EXPECT_EQ(world().read(step.output("dev")), "\n") << "the valid one was not touched";
  EXPECT_EQ(world().store().path_info(step.output("dev"))->nar_hash, before->nar_hash);
  EXPECT_EQ(world().store().path_info(step.output())->references,
            (std::set<StorePath>{step.output(), step.output("dev")}));
  EXPECT_TRUE(world().store().verify(true, {}).empty());
  EXPECT_EQ(world().in_store(),
            (std::set<std::string>{step.output().base_name(), step.output("dev").base_name()}));
}

TEST_P(OutputTest, AWantedOutputIsEnough) {
  ScriptedStep step("pair", "echo > $out; echo > $dev", {"dev", "out"});
  ASSERT_TRUE(build(step).good());
  world().store().invalidate(step.output());
  step.request.wanted = {"dev"};
  const auto result = build(step);
  EXPECT_TRUE(result.already_valid);
  EXPECT_EQ(result.outputs.size(), 1U);
}

TEST_P(OutputTest, ModesBecomeCanonical) {
  ScriptedStep step("modes",
                    "mkdir -p $out/sub; echo x > $out/sub/file; "
                    "echo x > $out/run; chmod 4755 $out/run || chmod 755 $out/run; "
                    "ln $out/run $out/hard; ln -s run $out/soft; "
                    "chmod 400 $out/sub/file; chmod 555 $out/sub; chmod 555 $out");
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message << result.log_tail;
  const auto real = world().store().real_path(step.output());
  EXPECT_EQ(mode_of(real), 0555U);
  EXPECT_EQ(mode_of(real / "sub"), 0555U);
  EXPECT_EQ(mode_of(real / "sub/file"), 0444U);
  EXPECT_EQ(mode_of(real / "run"), 0555U);
  EXPECT_EQ(mode_of(real / "hard"), 0555U);
  EXPECT_EQ(std::filesystem::read_symlink(real / "soft"), "run");
  for (const auto* name : {"", "sub", "sub/file", "run", "soft"}) {
    struct stat status {};
    ASSERT_EQ(::lstat((real / name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mtime, 1) << name;
    EXPECT_EQ(status.st_uid, ::geteuid()) << name;
  }
  EXPECT_TRUE(world().store().verify(true, {}).empty());
}

TEST_P(OutputTest, AnOutputMayBeASymlink) {
  ScriptedStep step("link", "ln -s /etc/passwd $out");
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message;
  EXPECT_EQ(std::filesystem::read_symlink(world().store().real_path(step.output())), "/etc/passwd");
  EXPECT_NE(mode_of("/etc/passwd"), 0444U) << "it was not followed";
}

TEST_P(OutputTest, WhatAStoreCannotHoldIsRejected) {
  ScriptedStep pipe("pipe", "mkfifo $out");
  auto result = build(pipe);
  EXPECT_EQ(result.outcome, Outcome::output_rejected);
  EXPECT_NE(result.message.find("output 'out'"), std::string::npos) << result.message;
  ScriptedStep open("open", "echo > $out; chmod 666 $out");
  result = build(open);
  EXPECT_EQ(result.outcome, Outcome::output_rejected);
  EXPECT_NE(result.message.find("writable"), std::string::npos) << result.message;
  EXPECT_TRUE(world().in_store().empty());
}

TEST_P(OutputTest, ReferencesMayBeForbidden) {
  const auto input = world().store().add_text("input.txt", "input", {});
  ScriptedStep step("checked", "echo $in > $out");
  step.derivation.environment["in"] = StoreDir::nix().print(input);
  step.derivation.input_sources = {input};
  for (const auto& [list, words] :
       std::map<std::string, std::string>{{"allowedReferences", "out"},
                                          {"disallowedReferences", StoreDir::nix().print(input)},
                                          {"allowedRequisites", ""},
                                          {"disallowedRequisites", StoreDir::nix().print(input)}}) {
    auto checked = step;
    checked.derivation.environment[list] = words;
    const auto result = build(checked);
    EXPECT_EQ(result.outcome, Outcome::output_rejected) << list;
    EXPECT_NE(result.message.find("not allowed to refer to"), std::string::npos) << result.message;
    EXPECT_NE(result.message.find(StoreDir::nix().print(input)), std::string::npos);
  }
  step.derivation.environment["allowedReferences"] = "nonsense";
  EXPECT_EQ(build(step).outcome, Outcome::output_rejected);
  step.derivation.environment["allowedReferences"] = StoreDir::nix().print(input);
  step.derivation.environment["disallowedRequisites"] = "out";
  const auto result = build(step);
  EXPECT_TRUE(result.good()) << result.message;
}

TEST_P(OutputTest, NothingHalfIsRegisteredWhenTheDiskFails) {
  for (const auto* point : {"build.before-move", "build.between-moves", "build.before-register"}) {
    ScriptedStep step("pair", "echo $dev > $out; echo > $dev", {"dev", "out"});
    set_fault(std::string(point) + "=enospc");
    EXPECT_THROW(build(step), UnavailableError) << point;
    set_fault("");
    EXPECT_TRUE(world().in_store().empty()) << point;
    EXPECT_TRUE(world().store().all_valid_paths().empty()) << point;
    EXPECT_TRUE(world().left_over().empty()) << point;
    ASSERT_TRUE(build(step).good()) << point;
    for (const auto* name : {"out", "dev"}) {  // what refers to others goes first
      world().store().invalidate(step.output(name));
      remove_tree(world().store().real_path(step.output(name)));
    }
  }
}

TEST_P(OutputTest, WhatIsRegisteredStays) {
  ScriptedStep step("single", "echo > $out");
  set_fault("build.after-register=eio");
  EXPECT_THROW(build(step), SystemError);
  set_fault("");
  EXPECT_TRUE(world().store().is_valid(step.output()));
  EXPECT_EQ(world().read(step.output()), "\n");
}

}  // namespace
}  // namespace grange
