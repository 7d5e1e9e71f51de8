#include <filesystem>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "archive/nar.h"
#include "base/file.h"
#include "build/test_builder.h"
#include "build/test_http_server.h"

namespace grange {
namespace {

using FixedBuildTest = BuilderTest;

INSTANTIATE_TEST_SUITE_P(Worlds, FixedBuildTest,
                         testing::Values(BuildPolicy::Sandbox::sandboxed,
                                         BuildPolicy::Sandbox::unsandboxed),
                         sandbox_name);

Hash sha256_of(std::string_view content) {
  return hash_bytes(HashAlgorithm::sha256, content);
}

TEST_P(FixedBuildTest, RegistersWhatWasSpecified) {
  ScriptedStep step("source", "test $NIX_OUTPUT_CHECKED = 1; echo content > $out");
  step.specify(ContentMethod::flat, sha256_of("content\n"));
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message << "\n" << result.log_tail;
  EXPECT_EQ(world().read(step.output()), "content\n");
  const auto info = world().store().path_info(step.output());
  ASSERT_TRUE(info && info->content_address);
  EXPECT_EQ(*info->content_address, (ContentAddress{ContentMethod::flat, sha256_of("content\n")}));
  EXPECT_EQ(world().in_store(), std::set<std::string>{step.output().base_name()});
}

TEST_P(FixedBuildTest, TheWrongOutputAppearsNowhere) {
  ScriptedStep step("source", "echo wrong > $out");
  step.specify(ContentMethod::flat, sha256_of("content\n"));
  const auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::hash_mismatch);
  EXPECT_EQ(result.message,
            "hash mismatch in fixed-output derivation '" +
                StoreDir::nix().print(step.request.derivation_path) +
                "':\n  specified: " + sha256_of("content\n").to_string(HashFormat::sri) +
                "\n     got:    " + sha256_of("wrong\n").to_string(HashFormat::sri));
  EXPECT_FALSE(world().store().is_valid(step.output()));
  EXPECT_TRUE(world().store().all_valid_paths().empty());
  EXPECT_TRUE(world().in_store().empty());
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(FixedBuildTest, WhileItIsBeingMadeThePromisedPathIsFree) {
  ScriptedStep step("source", "echo content > $out; echo made; sleep 0.2");
  step.specify(ContentMethod::flat, sha256_of("content\n"));
  const auto promised = world().store().real_path(step.output());
  bool seen = false;
  std::jthread watcher([&](const std::stop_token& stop) {
    while (world().observer.logged().empty() && !stop.stop_requested()) {
    }
    seen = std::filesystem::exists(promised);
  });
  ASSERT_TRUE(build(step).good());
  watcher.join();
  EXPECT_FALSE(seen);
}

TEST_P(FixedBuildTest, RecursiveOnesMayBeAnything) {
  const auto tree = directory_.path() / "tree";
  std::filesystem::create_directory(tree);
  write_file(tree / "run", "x\n", Durability::atomic, 0755);
  std::filesystem::create_symlink("run", tree / "link");
  ScriptedStep step("source",
                    "mkdir $out; echo x > $out/run; chmod 755 $out/run; ln -s run $out/link");
  step.specify(ContentMethod::recursive, hash_nar(tree).hash);
  const auto result = build(step);
  EXPECT_TRUE(result.good()) << result.message << result.log_tail;
}

TEST_P(FixedBuildTest, SeesTheHostsVariablesThatItNames) {
  world().config.impure_environment = {{"http_proxy", "http://proxy"}, {"SECRET", "secret"}};
  ScriptedStep step("source", "echo $http_proxy $SECRET > $out");
  step.derivation.environment["impureEnvVars"] = "http_proxy";
  step.specify(ContentMethod::flat, sha256_of("http://proxy\n"));
  const auto result = build(step);
  EXPECT_TRUE(result.good()) << result.message;
}

TEST_P(FixedBuildTest, OnlyTheySeeTheNetwork) {
  TestHttpServer server([](const std::string&) { return TestHttpServer::ok("content"); });
  ScriptedStep step("source", "wget -q -O $out " + server.url("/x"));
  step.specify(ContentMethod::flat, sha256_of("content"));
  const auto result = build(step);
  EXPECT_TRUE(result.good()) << result.message << result.log_tail;
  ScriptedStep other("other", "wget -q -O $out " + server.url("/x"));
  const auto second = build(other);
  EXPECT_EQ(second.good(), !sandboxed()) << second.message << second.log_tail;
}

TEST_P(FixedBuildTest, MayNotReferToStorePaths) {
  const auto input = world().store().add_text("input.txt", "input", {});
  const auto content = StoreDir::nix().print(input) + "\n";
  ScriptedStep step("source", "echo $in > $out");
  step.derivation.environment["in"] = StoreDir::nix().print(input);
  step.derivation.input_sources = {input};
  step.specify(ContentMethod::flat, sha256_of(content));
  const auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::output_rejected);
  EXPECT_NE(result.message.find(StoreDir::nix().print(input)), std::string::npos);
  EXPECT_FALSE(world().store().is_valid(step.output()));
}

TEST_P(FixedBuildTest, KeepsTheWrongOutputAsideWhenAsked) {
  world().config.keep_failed = true;
  ScriptedStep step("source", "echo wrong > $out");
  step.specify(ContentMethod::flat, sha256_of("content\n"));
  const auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::hash_mismatch);
  EXPECT_TRUE(world().in_store().empty());
  const auto at = result.message.find("output 'out' is kept at '");
  ASSERT_NE(at, std::string::npos) << result.message;
  auto path = result.message.substr(at + 25);
  path.resize(path.find('\''));
  EXPECT_EQ(read_file(path), "wrong\n");
}

TEST_P(FixedBuildTest, FetchesUrls) {
  TestHttpServer server([](const std::string& request) {
    return request.starts_with("GET /good ") ? TestHttpServer::ok("content")
                                             : TestHttpServer::status(404);
  });
  ScriptedStep step("source", "");
  step.derivation.builder = "builtin:fetchurl";
  step.derivation.system = "builtin";
  step.derivation.environment["url"] = server.url("/gone");
  step.specify(ContentMethod::flat, sha256_of("content"));
  auto result = build(step);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_NE(result.message.find("HTTP error 404"), std::string::npos) << result.message;
  EXPECT_NE(result.log_tail.find("downloading '" + server.url("/gone")), std::string::npos);

  step.derivation.environment["url"] = server.url("/good");
  result = build(step);
  ASSERT_TRUE(result.good()) << result.message;
  EXPECT_EQ(world().read(step.output()), "content");
  EXPECT_EQ(world().store().read_log(step.request.derivation_path),
            "downloading '" + server.url("/good") + "'\n");
  EXPECT_EQ(world().in_store(), std::set<std::string>{step.output().base_name()});
  EXPECT_TRUE(world().left_over().empty());

  ScriptedStep wrong("other", "");
  wrong.derivation.builder = "builtin:fetchurl";
  wrong.derivation.environment["url"] = server.url("/good");
  wrong.specify(ContentMethod::flat, sha256_of("else"));
  result = build(wrong);
  EXPECT_EQ(result.outcome, Outcome::hash_mismatch);
}

}  // namespace
}  // namespace grange
