#include "build/local_builder.h"

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "archive/nar.h"
#include "base/error.h"
#include "base/file.h"
#include "build/test_builder.h"

namespace grange {
namespace {

using namespace std::chrono_literals;
using LocalBuilderTest = BuilderTest;

INSTANTIATE_TEST_SUITE_P(Worlds, LocalBuilderTest,
                         testing::Values(BuildPolicy::Sandbox::sandboxed,
                                         BuildPolicy::Sandbox::unsandboxed),
                         sandbox_name);

TEST_P(LocalBuilderTest, MakesAndRegistersAnOutput) {
  ScriptedStep step("hello", "echo working; echo hello $NIX_BUILD_CORES > $out");
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message << "\n" << result.log_tail;
  EXPECT_FALSE(result.already_valid);
  EXPECT_EQ(result.outputs, step.request.output_paths);
  EXPECT_GE(result.stop, result.start);
  EXPECT_EQ(world().read(step.output()), "hello 0\n");

  const auto info = world().store().path_info(step.output());
  ASSERT_TRUE(info);
  EXPECT_EQ(info->nar_hash, hash_nar(world().store().real_path(step.output())).hash);
  EXPECT_TRUE(info->references.empty());
  EXPECT_EQ(info->deriver, step.request.derivation_path);
  EXPECT_TRUE(info->ultimate);
  EXPECT_FALSE(info->content_address);

  struct stat status {};
  ASSERT_EQ(::lstat(world().store().real_path(step.output()).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0444U);
  EXPECT_EQ(status.st_mtime, 1);
  EXPECT_EQ(status.st_uid, ::geteuid());

  EXPECT_EQ(world().observer.logged(), "working\n");
  EXPECT_EQ(world().store().read_log(step.request.derivation_path), "working\n");
  EXPECT_EQ(world().observer.phases(), (std::vector<std::string>{"building", "checking outputs"}));
  EXPECT_EQ(world().in_store(), std::set<std::string>{step.output().base_name()});
  EXPECT_TRUE(world().left_over().empty());
}

TEST(LocalBuilder, ShowsThePathsOfAnAttemptsPolicy) {
  const TemporaryDirectory directory;
  BuilderWorld world(directory.path());
  const auto source = directory.path() / "shown";
  std::filesystem::create_directory(source);
  std::filesystem::permissions(source, std::filesystem::perms(0755));
  write_file(source / "file", "shown\n");
  ScriptedStep step("shows", "/bin/busybox cat /shown/file > $out");
  step.request.derivation = &step.derivation;
  step.request.policy = local_policy(world.config, BuildPolicy::Sandbox::sandboxed);
  EXPECT_FALSE(world.builder().build(step.request, world.observer, {}).good());
  for (const auto& path :
       {"/absent=" + source.string() + "/absent?", "/shown=" + source.string()}) {
    step.request.policy.sandbox_paths.push_back(path);
  }
  const auto result = world.builder().build(step.request, world.observer, {});
  ASSERT_TRUE(result.good()) << result.message << "\n" << result.log_tail;
  EXPECT_EQ(world.read(step.output()), "shown\n");
}

TEST_P(LocalBuilderTest, WhatIsThereIsNotMadeAgain) {
  ScriptedStep step("hello", "echo > $out");
  ASSERT_TRUE(build(step).good());
  step.derivation.arguments = {"false"};
  const auto result = build(step);
  EXPECT_TRUE(result.good());
  EXPECT_TRUE(result.already_valid);
  EXPECT_EQ(result.outputs, step.request.output_paths);
}

TEST_P(LocalBuilderTest, CopiesSourcesAndFindsReferences) {
  const auto other = world().eval_store().add_text("other.txt", "deep", {});
  const auto source = world().eval_store().add_text(
      "source.txt", "see " + StoreDir::nix().print(other) + "\n", {other});
  const auto unused = world().eval_store().add_text("unused.txt", "unused", {});
  const auto input = world().store().add_text("input.txt", "input", {});
  ScriptedStep step("uses", "while read l; do echo $l; done < $src > $out; echo $in >> $out");
  step.derivation.input_sources = {source, unused};
  step.derivation.environment["src"] = StoreDir::nix().print(source);
  step.derivation.environment["in"] = StoreDir::nix().print(input);
  step.request.input_paths = {input};
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message << "\n" << result.log_tail;
  EXPECT_EQ(world().read(step.output()),
            "see " + StoreDir::nix().print(other) + "\n" + StoreDir::nix().print(input) + "\n");
  EXPECT_EQ(world().store().path_info(step.output())->references,
            (std::set<StorePath>{other, input}));
  EXPECT_EQ(world().observer.phases(),
            (std::vector<std::string>{"copying sources", "building", "checking outputs"}));
  EXPECT_FALSE(world().store().is_valid(step.request.derivation_path));
}

TEST_P(LocalBuilderTest, AMissingSourceIsAnErrorThatNamesIt) {
  ScriptedStep step("uses", "echo > $out");
  const auto missing = repeated_path('a', "missing.txt");
  step.derivation.input_sources = {missing};
  try {
    build(step);
    FAIL() << "the source is nowhere";
  } catch (const NotFoundError& error) {
    EXPECT_NE(std::string(error.what()).find(missing.base_name()), std::string::npos)
        << error.what();
  }
  EXPECT_TRUE(world().in_store().empty());
}

TEST_P(LocalBuilderTest, AFailureIsAValue) {
  ScriptedStep step("fails", "echo half > $out; echo this is wrong; exit 3");
  const auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.message, "builder for '" + StoreDir::nix().print(step.request.derivation_path) +
                                "' failed with exit code 3");
  EXPECT_EQ(result.log_tail, "this is wrong");
  EXPECT_TRUE(result.outputs.empty());
  EXPECT_EQ(world().store().read_log(step.request.derivation_path), "this is wrong\n");
  EXPECT_FALSE(world().store().is_valid(step.output()));
  EXPECT_TRUE(world().in_store().empty());
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(LocalBuilderTest, AMissingOutputIsAFailure) {
  ScriptedStep step("forgets", "echo > $out", {"dev", "out"});
  const auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_NE(result.message.find("failed to produce output path for output 'dev' at '" +
                                StoreDir::nix().print(step.output("dev")) + "'"),
            std::string::npos)
      << result.message;
  EXPECT_TRUE(world().in_store().empty());
}

TEST_P(LocalBuilderTest, ABuilderThatIsNotThereFails) {
  ScriptedStep step("nobody", "");
  step.derivation.builder = "/nix/store/none/bin/builder";
  const auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_NE(result.log_tail.find("/nix/store/none/bin/builder"), std::string::npos)
      << result.log_tail;
}

TEST_P(LocalBuilderTest, LeftoversOfOthersAreReplaced) {
  ScriptedStep step("again", "echo right > $out");
  const auto real = world().store().real_path(step.output());
  std::filesystem::create_directory(real);
  write_file(real / "half", "wrong");
  std::filesystem::permissions(real, std::filesystem::perms(0555));
  ASSERT_TRUE(build(step).good());
  EXPECT_EQ(world().read(step.output()), "right\n");
}

TEST_P(LocalBuilderTest, PassesFilesAndTheEnvironment) {
  ScriptedStep step("env",
                    "cat $bigPath > $out; echo >> $out; pwd >> $out; echo $HOME >> $out; "
                    "echo $NIX_BUILD_TOP >> $out; touch here; echo $0 >> $out");
  step.derivation.environment["passAsFile"] = "big";
  step.derivation.environment["big"] = std::string(200'000, 'x');
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message << "\n" << result.log_tail;
  const auto lines = world().read(step.output());
  const auto directory =
      sandboxed() ? "/build" : (world().root() / "tmp/nix-build-env.drv-0").string();
  EXPECT_EQ(lines, std::string(200'000, 'x') + "\n" + directory + "\n/homeless-shelter\n" +
                       directory + "\nsh\n");
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(LocalBuilderTest, PlaceholdersStandForPaths) {
  ScriptedStep step("places", "echo /1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9 > $out");
  ASSERT_TRUE(build(step).good());
  EXPECT_EQ(world().read(step.output()), StoreDir::nix().print(step.output()) + "\n");
  EXPECT_EQ(world().store().path_info(step.output())->references,
            std::set<StorePath>{step.output()});
}

TEST_P(LocalBuilderTest, TimesOut) {
  ScriptedStep step("slow", "echo begun; echo > $out; sleep 60");
  step.request.limits.timeout = Seconds(0.3);
  auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::timed_out);
  EXPECT_NE(result.message.find("timed out after 0.3 s"), std::string::npos) << result.message;
  EXPECT_EQ(result.log_tail, "begun");
  EXPECT_TRUE(world().in_store().empty());

  step.request.limits.timeout = Seconds(0);
  step.request.limits.max_silent = Seconds(0.2);
  result = build(step);
  EXPECT_EQ(result.outcome, Outcome::timed_out);
  EXPECT_NE(result.message.find("of silence"), std::string::npos) << result.message;
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(LocalBuilderTest, BoundsTheLog) {
  ScriptedStep step("loud", "while true; do echo 0123456789012345678901234567890123456789; done");
  step.request.limits.max_log_bytes = 100'000;
  const auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::log_limit_exceeded);
  EXPECT_NE(result.message.find("100000 bytes of log"), std::string::npos) << result.message;
  const auto log = world().store().read_log(step.request.derivation_path);
  ASSERT_TRUE(log);
  EXPECT_GT(log->size(), 100'000U);
  EXPECT_LT(log->size(), 300'000U);
}

TEST_P(LocalBuilderTest, CancelledMeansGone) {
  ScriptedStep step("endless", "echo begun; echo > $out; sleep 60 & sleep 60");
  std::stop_source stop;
  std::jthread stopper([&](const std::stop_token& over) {
    while (world().observer.logged().empty() && !over.stop_requested()) {
      std::this_thread::sleep_for(5ms);
    }
    stop.request_stop();
  });
  EXPECT_THROW(build(step, stop.get_token()), CancelledError);
  EXPECT_TRUE(world().in_store().empty());
  EXPECT_TRUE(world().left_over().empty());
  EXPECT_EQ(world().store().read_log(step.request.derivation_path), "begun\n");
}

TEST_P(LocalBuilderTest, OtherStoresOfTheMachineLeaveABuilderAlone) {
  // The end of a root user's step kills all processes of its uid.
  BuilderWorld other(directory_.path() / "other");
  std::jthread neighbour([&](const std::stop_token& over) {
    for (int i = 0; !over.stop_requested(); ++i) {
      ScriptedStep step("step-" + std::to_string(i), "echo > $out");
      EXPECT_TRUE(other.build(step, BuildPolicy::Sandbox::unsandboxed).good());
    }
  });
  for (int i = 0; i < 4; ++i) {
    ScriptedStep step("step-" + std::to_string(i), "sleep 0.05; echo > $out");
    const auto result = build(step);
    EXPECT_TRUE(result.good()) << result.message;
  }
}

TEST_P(LocalBuilderTest, WaitsForWhoeverMakesTheSame) {
  ScriptedStep step("shared", "echo > $out");
  auto locks =
      std::make_optional(world().store().lock({step.output()}, std::stop_source().get_token()));
  locks->remove_files();
  std::jthread other([&] {
    std::this_thread::sleep_for(100ms);
    write_file(world().store().real_path(step.output()), "made by another process");
    canonicalise_tree(world().store().real_path(step.output()), std::nullopt);
    const auto nar = hash_nar(world().store().real_path(step.output()));
    PathInfo info(step.output(), nar.hash);
    info.nar_size = nar.size;
    world().store().register_valid({info});
    locks.reset();
  });
  const auto result = build(step);
  EXPECT_TRUE(result.good());
  EXPECT_TRUE(result.already_valid);
  EXPECT_EQ(world().read(step.output()), "made by another process");
}

TEST_P(LocalBuilderTest, KeepsWhatFailed) {
  world().config.keep_failed = true;
  ScriptedStep step("fails", "echo half > $out; echo x > file; exit 1");
  const auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::failed);
  const auto kept = world().store().location().own_state() / "failed/nix-build-fails.drv-0";
  const auto directory =
      sandboxed() ? kept / "build" : world().root() / "tmp/nix-build-fails.drv-0";
  EXPECT_NE(result.message.find("build directory is kept at '" + directory.string() + "'"),
            std::string::npos)
      << result.message;
  EXPECT_EQ(read_file(directory / "file"), "x\n");
  EXPECT_NE(result.message.find("output 'out' is kept at '" +
                                (kept / step.output().base_name()).string() + "'"),
            std::string::npos)
      << result.message;
  EXPECT_EQ(read_file(kept / step.output().base_name()), "half\n");
  EXPECT_TRUE(world().in_store().empty());
}

TEST_P(LocalBuilderTest, UnsupportedNeedsNoBuilder) {
  ScriptedStep step("foreign", "echo > $out");
  step.derivation.system = "aarch64-linux";
  EXPECT_EQ(build(step).outcome, Outcome::unsupported);
  EXPECT_FALSE(world().store().read_log(step.request.derivation_path));
}

TEST_P(LocalBuilderTest, HearsPhases) {
  ScriptedStep step("phases",
                    "echo '@nix { \"action\": \"setPhase\", \"phase\": \"check\" }' >&$NIX_LOG_FD; "
                    "echo > $out");
  ASSERT_TRUE(build(step).good());
  EXPECT_EQ(world().observer.phases(),
            (std::vector<std::string>{"building", "check", "checking outputs"}));
  EXPECT_EQ(world().observer.logged(), "");
}

}  // namespace
}  // namespace grange
