#include <atomic>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "build/test_builder.h"
#include "build/test_http_server.h"

namespace grange {
namespace {

/// Builders are told of the next round by a file that they see: "/round", through a sandbox path.
class CheckTest : public BuilderTest {
 protected:
  void SetUp() override {
    BuilderTest::SetUp();
    if (IsSkipped()) return;
    write_file(round_file(), "first\n");
    std::filesystem::permissions(round_file(), std::filesystem::perms(0644));
    world().config.sandbox_paths.push_back({round_file(), round_file()});
  }
  std::filesystem::path round_file() const { return directory_.path() / "round"; }
  void next_round() {
    // In place: a sandbox shows the file, not the name.
    write_file(round_file(), "second\n");
  }
  std::string read_round() const { return "read round < " + round_file().string() + "; "; }

  BuildResult check(ScriptedStep& step, std::stop_token stop = {}) {
    step.request.policy.mode = BuildPolicy::Mode::check;
    auto result = build(step, std::move(stop));
    step.request.policy.mode = BuildPolicy::Mode::normal;
    return result;
  }

  BuildResult repair(ScriptedStep& step) {
    step.request.policy.mode = BuildPolicy::Mode::repair;
    auto result = build(step);
    step.request.policy.mode = BuildPolicy::Mode::normal;
    return result;
  }

  /// Everything that a check must leave as it is.
  struct Whole {
    std::set<std::string> names;
    std::vector<StorePath> valid;
    std::vector<std::pair<Hash, std::int64_t>> infos;
    friend bool operator==(const Whole&, const Whole&) = default;
  };
  Whole store_now() {
    Whole whole{world().in_store(), world().store().all_valid_paths(), {}};
    for (const auto& path : whole.valid) {
      const auto info = world().store().path_info(path);
      whole.infos.emplace_back(info->nar_hash, info->registration_time);
    }
    EXPECT_TRUE(world().store().verify(true, {}).empty());
    return whole;
  }
};

INSTANTIATE_TEST_SUITE_P(Worlds, CheckTest,
                         testing::Values(BuildPolicy::Sandbox::sandboxed,
                                         BuildPolicy::Sandbox::unsandboxed),
                         sandbox_name);

TEST_P(CheckTest, TheSameAgainIsGood) {
  ScriptedStep step("same", "mkdir $out; echo $out $dev > $out/self; echo dev > $dev",
                    {"dev", "out"});
  ASSERT_TRUE(build(step).good());
  const auto before = store_now();
  const auto result = check(step);
  ASSERT_TRUE(result.good()) << result.message;
  EXPECT_FALSE(result.already_valid);
  ASSERT_EQ(result.compared.size(), 2U);
  EXPECT_TRUE(result.compared.at("dev").equal());
  EXPECT_EQ(result.compared.at("out").first, world().store().path_info(step.output())->nar_hash);
  EXPECT_EQ(store_now(), before);
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(CheckTest, ARepairReplacesOnlyWhatIsDamaged) {
  ScriptedStep step("damaged", "mkdir $out; echo $out > $out/self; echo dev > $dev",
                    {"dev", "out"});
  ASSERT_TRUE(build(step).good());
  const auto before = store_now();
  const auto undamaged = repair(step);
  EXPECT_TRUE(undamaged.good()) << undamaged.message;
  EXPECT_TRUE(undamaged.already_valid);

  const auto out = world().store().real_path(step.output());
  remove_tree(out / "self");
  remove_tree(world().store().real_path(step.output("dev")));
  EXPECT_EQ(world().store().verify(true, {}).size(), 2U);
  const auto result = repair(step);
  ASSERT_TRUE(result.good()) << result.message;
  EXPECT_FALSE(result.already_valid);
  EXPECT_EQ(store_now(), before);
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(CheckTest, ARepairThatGivesSomethingElseChangesNothing) {
  ScriptedStep step("else", read_round() + "echo $round > $out");
  ASSERT_TRUE(build(step).good());
  next_round();
  const auto out = world().store().real_path(step.output());
  std::filesystem::permissions(out, std::filesystem::perms(0644));
  write_file(out, "damaged");
  const auto result = repair(step);
  EXPECT_EQ(result.outcome, Outcome::not_deterministic) << result.message;
  EXPECT_EQ(read_file(out), "damaged");
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(CheckTest, ADifferenceIsNamedAndNothingIsReplaced) {
  ScriptedStep step("other",
                    read_round() +
                        "mkdir $out; echo $round > $out/round; echo same > $out/same; "
                        "echo same > $dev",
                    {"dev", "out"});
  ASSERT_TRUE(build(step).good());
  const auto before = store_now();
  next_round();
  const auto result = check(step);
  EXPECT_EQ(result.outcome, Outcome::not_deterministic);
  EXPECT_NE(result.message.find("'out' ('" + StoreDir::nix().print(step.output()) + "')"),
            std::string::npos)
      << result.message;
  EXPECT_NE(result.message.find(
                "! round (file of 6 bytes, then file of 7 bytes; they differ from offset 0)"),
            std::string::npos)
      << result.message;
  EXPECT_EQ(result.message.find("'dev' ("), std::string::npos) << result.message;
  ASSERT_EQ(result.compared.size(), 2U);
  EXPECT_TRUE(result.compared.at("dev").equal());
  EXPECT_FALSE(result.compared.at("out").equal());
  EXPECT_EQ(store_now(), before);
  EXPECT_EQ(world().read(step.output(), "round"), "first\n");
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(CheckTest, BothTreesCanBeLookedAt) {
  world().config.keep_failed = true;
  ScriptedStep step("kept",
                    read_round() + "mkdir $out; echo $round $out > $out/round; echo same > $dev",
                    {"dev", "out"});
  ASSERT_TRUE(build(step).good());
  next_round();
  const auto result = check(step);
  ASSERT_EQ(result.outcome, Outcome::not_deterministic);
  const std::string kept = "output 'out' is kept at '";
  const auto at = result.message.find(kept);
  ASSERT_NE(at, std::string::npos) << result.message;
  const auto begin = at + kept.size();
  const auto path = result.message.substr(begin, result.message.find('\'', begin) - begin);
  EXPECT_EQ(read_file(path + "/round"), "second " + StoreDir::nix().print(step.output()) + "\n");
  EXPECT_NE(result.message.find("its build directory is kept at"), std::string::npos);
  EXPECT_EQ(result.message.find("output 'dev' is kept"), std::string::npos) << result.message;
  EXPECT_EQ(world().read(step.output(), "round"),
            "first " + StoreDir::nix().print(step.output()) + "\n");
}

TEST_P(CheckTest, TheOtherTreeMayStandBesideTheValidOne) {
  world().config.keep_failed = true;
  world().config.keep_beside_valid = true;
  ScriptedStep step("beside", read_round() + "mkdir $out; echo $round > $out/round");
  ASSERT_TRUE(build(step).good());
  const auto valid = world().store().real_path(step.output());
  const auto other = valid.string() + ".check";
  for (const std::string round : {"second", "third"}) {
    write_file(round_file(), round + "\n");
    const auto result = check(step);
    ASSERT_EQ(result.outcome, Outcome::not_deterministic);
    EXPECT_EQ(result.compared.at("out").kept, other);
    EXPECT_NE(result.message.find("output 'out' is kept at '" + other + "'"), std::string::npos)
        << result.message;
    EXPECT_EQ(read_file(other + "/round"), round + "\n");
  }
  EXPECT_EQ(world().read(step.output(), "round"), "first\n");
  EXPECT_EQ(world().store().all_valid_paths().size(), 1U);
}

TEST_P(CheckTest, ThereMustBeSomethingToCompareWith) {
  ScriptedStep step("pair", "echo > $out; echo > $dev", {"dev", "out"});
  const auto nothing = check(step);
  EXPECT_EQ(nothing.outcome, Outcome::unsupported);
  EXPECT_NE(nothing.message.find("not valid"), std::string::npos) << nothing.message;
  EXPECT_NE(nothing.message.find("'dev'"), std::string::npos) << nothing.message;
  EXPECT_TRUE(world().in_store().empty());
  // Only what is wanted must be valid; the rest is not compared and not registered.
  ASSERT_TRUE(build(step).good());
  world().store().invalidate(step.output("dev"));
  remove_tree(world().store().real_path(step.output("dev")));
  EXPECT_EQ(check(step).outcome, Outcome::unsupported);
  step.request.wanted = {"out"};
  const auto result = check(step);
  ASSERT_TRUE(result.good()) << result.message;
  EXPECT_EQ(result.compared.size(), 1U);
  EXPECT_EQ(result.outputs.size(), 1U);
  EXPECT_FALSE(world().store().is_valid(step.output("dev")));
  EXPECT_EQ(world().in_store(), std::set<std::string>{step.output().base_name()});
}

TEST_P(CheckTest, AFailingCheckLeavesWhatIsValid) {
  ScriptedStep step("fails", read_round() + "echo > $out; [ $round = first ]");
  ASSERT_TRUE(build(step).good());
  const auto before = store_now();
  next_round();
  EXPECT_EQ(check(step).outcome, Outcome::failed);
  EXPECT_EQ(store_now(), before);
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(CheckTest, AFixedOutputIsComparedWithItsHash) {
  ScriptedStep step("source", read_round() + "echo $round > $out");
  step.specify(ContentMethod::flat, hash_bytes(HashAlgorithm::sha256, "first\n"));
  ASSERT_TRUE(build(step).good());
  const auto before = store_now();
  EXPECT_TRUE(check(step).good());
  next_round();
  EXPECT_EQ(check(step).outcome, Outcome::hash_mismatch);
  EXPECT_EQ(store_now(), before);
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(CheckTest, AUrlIsTriedAgain) {
  std::atomic<int> answer = 0;
  TestHttpServer server([&](const std::string&) {
    return answer == 2 ? TestHttpServer::status(404)
                       : TestHttpServer::ok(answer == 0 ? "content" : "newer content");
  });
  ScriptedStep step("source", "");
  step.derivation.builder = "builtin:fetchurl";
  step.derivation.system = "builtin";
  step.derivation.environment["url"] = server.url("/source");
  step.specify(ContentMethod::flat, hash_bytes(HashAlgorithm::sha256, "content"));
  ASSERT_TRUE(build(step).good());
  const auto before = store_now();
  const auto same = check(step);
  EXPECT_TRUE(same.good()) << same.message;
  EXPECT_TRUE(same.compared.at("out").equal());
  answer = 1;
  EXPECT_EQ(check(step).outcome, Outcome::hash_mismatch);
  answer = 2;
  EXPECT_EQ(check(step).outcome, Outcome::failed);
  EXPECT_EQ(store_now(), before);
  EXPECT_EQ(world().read(step.output()), "content");
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(CheckTest, WhatTheFilesDoNotShowIsSaid) {
  ScriptedStep step("registered", "echo > $out");
  ASSERT_TRUE(build(step).good());
  // Its row says something else than its files.
  auto info = *world().store().path_info(step.output());
  info.nar_hash = hash_bytes(HashAlgorithm::sha256, "another NAR");
  world().store().invalidate(step.output());
  world().store().register_valid({info});
  const auto result = check(step);
  EXPECT_EQ(result.outcome, Outcome::not_deterministic);
  EXPECT_NE(result.message.find("the files are the same"), std::string::npos) << result.message;
  remove_tree(world().store().real_path(step.output()));
  const auto gone = check(step);
  EXPECT_EQ(gone.outcome, Outcome::not_deterministic);
  EXPECT_NE(gone.message.find("cannot be compared"), std::string::npos) << gone.message;
}

TEST_P(CheckTest, AnInterruptedCheckLeavesTheStoreWhole) {
  ScriptedStep step("slow", read_round() + "echo $round > $out; [ $round = first ] || sleep 60");
  ASSERT_TRUE(build(step).good());
  const auto before = store_now();
  next_round();
  std::stop_source stop;
  std::jthread interrupt([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    stop.request_stop();
  });
  EXPECT_THROW(check(step, stop.get_token()), CancelledError);
  EXPECT_EQ(store_now(), before);
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(CheckTest, RepeatedRoundsMustAgree) {
  world().config.repeat = 2;
  ScriptedStep same("same", "mkdir $out; echo $out $NIX_BUILD_TOP > $out/self; echo run");
  const auto good = build(same);
  ASSERT_TRUE(good.good()) << good.message;
  EXPECT_TRUE(good.compared.at("out").equal());
  EXPECT_EQ(world().observer.logged(), "run\nrun\nrun\n");
  EXPECT_TRUE(world().store().verify(true, {}).empty());
  EXPECT_TRUE(world().left_over().empty());
  EXPECT_TRUE(build(same).already_valid);
}

TEST_P(CheckTest, WhatIsNotTheSameEachTimeIsNotRegistered) {
  world().config.repeat = 1;
  ScriptedStep step("random", "head -c 20 /dev/urandom > $out; echo same > $dev", {"dev", "out"});
  const auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::not_deterministic);
  EXPECT_NE(result.message.find("time 2 of 2"), std::string::npos) << result.message;
  EXPECT_NE(result.message.find("! . (file of 20 bytes; they differ from"), std::string::npos)
      << result.message;
  EXPECT_FALSE(result.compared.at("out").equal());
  EXPECT_TRUE(world().store().all_valid_paths().empty());
  EXPECT_TRUE(world().in_store().empty());
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(CheckTest, BothRoundsAreKept) {
  world().config.repeat = 1;
  world().config.keep_failed = true;
  ScriptedStep step("random", "head -c 20 /dev/urandom > $out");
  const auto result = build(step);
  ASSERT_EQ(result.outcome, Outcome::not_deterministic);
  std::size_t kept = 0;
  for (auto at = result.message.find("output 'out' is kept at"); at != std::string::npos;
       at = result.message.find("output 'out' is kept at", at + 1)) {
    ++kept;
  }
  EXPECT_EQ(kept, 2U) << result.message;
  EXPECT_TRUE(world().in_store().empty());
}

TEST_P(CheckTest, FixedOutputsAreNotRepeated) {
  world().config.repeat = 3;
  ScriptedStep step("source", "echo hello > $out; echo run");
  step.specify(ContentMethod::flat, hash_bytes(HashAlgorithm::sha256, "hello\n"));
  ASSERT_TRUE(build(step).good());
  EXPECT_EQ(world().observer.logged(), "run\n");
}

}  // namespace
}  // namespace grange
