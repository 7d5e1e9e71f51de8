#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "base/file.h"
#include "build/test_builder.h"

namespace grange {
namespace {

using AttributesTest = BuilderTest;

INSTANTIATE_TEST_SUITE_P(Worlds, AttributesTest,
                         testing::Values(BuildPolicy::Sandbox::sandboxed,
                                         BuildPolicy::Sandbox::unsandboxed),
                         sandbox_name);

std::string printed(const StorePath& path) {
  return StoreDir::nix().print(path);
}

/// A script whose attributes are structured, so that $out is only in the files.
ScriptedStep structured(const std::string& json, const std::string& script,
                        std::vector<std::string> outputs = {"out"}) {
  ScriptedStep step("structured", script, std::move(outputs));
  step.derivation.environment["__json"] = json;
  return step;
}

TEST_P(AttributesTest, StructuredAttributesAreFoundByTheBuilder) {
  auto step = structured(R"({"greeting":"it's \"me\"","list":[1,"two"]})",
                         "[ -z \"${out-}${greeting-}\" ]; "
                         "p=$(sed -n \"s/.*'out'.='\\([^']*\\)'.*/\\1/p\" $NIX_ATTRS_SH_FILE); "
                         "mkdir $p; cp $NIX_ATTRS_JSON_FILE $p/json; cp $NIX_ATTRS_SH_FILE $p/sh");
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message << result.log_tail;
  EXPECT_EQ(world().read(step.output(), "json"),
            R"({"greeting":"it's \"me\"","list":[1,"two"],"outputs":{"out":")" +
                printed(step.output()) + "\"}}");
  EXPECT_EQ(world().read(step.output(), "sh"),
            "declare greeting='it'\\''s \"me\"'\ndeclare -a list=(1 'two' )\n"
            "declare -A outputs=(['out']='" +
                printed(step.output()) + "' )\n");
}

TEST_P(AttributesTest, WhatMakesNoSenseHasFailed) {
  for (const auto* json : {"{", "[]", R"({"__noChroot":1})", R"({"outputChecks":{"out":[]}})"}) {
    auto step = structured(json, "true");
    const auto result = build(step);
    EXPECT_EQ(result.outcome, Outcome::failed) << json;
    EXPECT_NE(result.message.find(printed(step.request.derivation_path)), std::string::npos);
  }
  EXPECT_TRUE(world().in_store().empty());
}

/// Two texts, of which the second refers to the first.
struct Texts {
  explicit Texts(LocalStore& store)
      : lower(store.add_text("lower", "lower\n", {})),
        upper(store.add_text("upper", printed(lower), {lower})) {}
  StorePath lower, upper;
};

TEST_P(AttributesTest, AReferencesGraphIsAFile) {
  const Texts texts(world().store());
  ScriptedStep step("graph", "cat graph > $out");
  step.derivation.input_sources = {texts.upper};
  step.derivation.environment["exportReferencesGraph"] =
      "graph " + printed(texts.upper) + "/below other " + printed(texts.lower);
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message << result.log_tail;
  const auto lower_entry = printed(texts.lower) + "\n\n0\n";
  const auto upper_entry = printed(texts.upper) + "\n\n1\n" + printed(texts.lower) + "\n";
  EXPECT_EQ(world().read(step.output()),
            texts.lower < texts.upper ? lower_entry + upper_entry : upper_entry + lower_entry);
}

TEST_P(AttributesTest, AReferencesGraphIsAnAttribute) {
  const Texts texts(world().store());
  auto step =
      structured(R"({"exportReferencesGraph":{"graph":[")" + printed(texts.lower) + R"("]}})",
                 "p=$(sed -n \"s/.*'out'.='\\([^']*\\)'.*/\\1/p\" $NIX_ATTRS_SH_FILE); "
                 "cp $NIX_ATTRS_JSON_FILE $p");
  step.derivation.input_sources = {texts.upper};
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message << result.log_tail;
  const auto info = world().store().path_info(texts.lower);
  const auto graph = R"("graph":[{"ca":")" + info->content_address->to_string() +
                     R"(","closureSize":120,"narHash":")" +
                     info->nar_hash.to_string(HashFormat::nix32) + R"(","narSize":120,"path":")" +
                     printed(texts.lower) + R"(","references":[]}])";
  const auto json = world().read(step.output());
  EXPECT_NE(json.find(graph), std::string::npos) << json << "\n" << graph;
}

TEST_P(AttributesTest, OnlyInputsMayBeExported) {
  const Texts texts(world().store());
  for (const auto& [graph, message] : std::map<std::string, std::string>{
           {"graph " + printed(texts.upper), "is not in the input closure"},
           {"graph /etc/passwd", "contains a non-store path '/etc/passwd'"},
           {"graph", "odd number of tokens"}}) {
    ScriptedStep step("graph", "true > $out");
    step.derivation.input_sources = {texts.lower};
    step.derivation.environment["exportReferencesGraph"] = graph;
    const auto result = build(step);
    EXPECT_EQ(result.outcome, Outcome::failed);
    EXPECT_NE(result.message.find(message), std::string::npos) << result.message;
  }
  EXPECT_TRUE(world().left_over().empty());
}

TEST_P(AttributesTest, ChecksAreByOutput) {
  const auto script =
      "eval $(sed -n \"s/.*'dev'.='\\([^']*\\)' .'out'.='\\([^']*\\)'.*/dev=\\1 out=\\2/p\" "
      "$NIX_ATTRS_SH_FILE); echo $out > $out; echo $out > $dev";
  const auto with = [&](const std::string& checks) {
    auto step = structured(R"({"outputChecks":)" + checks + "}", script, {"dev", "out"});
    return build(step);
  };
  const auto rejected = [&](const std::string& checks, const std::string& message) {
    const auto result = with(checks);
    EXPECT_EQ(result.outcome, Outcome::output_rejected) << checks << result.message;
    EXPECT_NE(result.message.find(message), std::string::npos) << checks << result.message;
  };
  rejected(R"({"dev":{"maxSize":100}})", "output 'dev'");
  rejected(R"({"dev":{"maxSize":100}})", "is too large at");
  rejected(R"({"dev":{"maxClosureSize":200}})", "the closure of output 'dev'");
  rejected(R"({"dev":{"allowedReferences":[]}})", "not allowed to refer");
  rejected(R"({"out":{"allowedReferences":[]}})", "output 'out'");
  rejected(R"({"dev":{"disallowedRequisites":["out"]}})", "not allowed to refer");
  rejected(R"({"out":{"allowedRequisites":[]}})", "output 'out'");
  rejected(R"({"dev":{"allowedRequisites":["out"]}})", "output 'dev'");
  rejected(R"({"dev":{"allowedRequisites":["nonsense"]}})", "neither a store path nor");
  EXPECT_TRUE(world().in_store().empty());
  const auto result =
      with(R"({"dev":{"maxSize":1000,"maxClosureSize":1000,"allowedReferences":["out"],)"
           R"("allowedRequisites":["out","dev"]},"out":{"disallowedReferences":["dev"]}})");
  EXPECT_TRUE(result.good()) << result.message << result.log_tail;
}

class RelaxedTest : public BuilderTest {};
INSTANTIATE_TEST_SUITE_P(Worlds, RelaxedTest, testing::Values(BuildPolicy::Sandbox::relaxed),
                         [](const auto&) { return "Relaxed"; });

TEST_P(RelaxedTest, OnlyThoseThatAskAreLetOut) {
  ScriptedStep inside("inside", "[ ! -e " + directory_.path().string() + " ]; pwd > $out");
  auto result = build(inside);
  ASSERT_TRUE(result.good()) << result.message << result.log_tail;
  EXPECT_EQ(world().read(inside.output()), "/build\n");
  ScriptedStep outside("outside", "[ -e " + directory_.path().string() + " ]; echo > $out");
  outside.derivation.environment["__noChroot"] = "1";
  result = build(outside);
  EXPECT_TRUE(result.good()) << result.message << result.log_tail;
  result = world().build(outside, BuildPolicy::Sandbox::sandboxed);
  EXPECT_EQ(result.outcome, Outcome::unsupported);
}

TEST_P(RelaxedTest, AllowedHostPathsAreShown) {
  const auto shown = directory_.path() / "shown";
  std::filesystem::create_directory(shown);
  write_file(shown / "file", "of the host\n");
  std::filesystem::permissions(shown / "file", std::filesystem::perms(0644));
  world().config.host_paths = {shown.string()};
  ScriptedStep step(
      "host", "cat " + shown.string() + "/file > $out; [ ! -e " + shown.string() + "/missing ]");
  step.derivation.environment["__impureHostDeps"] =
      shown.string() + "/file " + shown.string() + "/missing";
  const auto result = build(step);
  ASSERT_TRUE(result.good()) << result.message << result.log_tail;
  EXPECT_EQ(world().read(step.output()), "of the host\n");
}

}  // namespace
}  // namespace grange
