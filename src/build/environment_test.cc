#include "build/environment.h"

#include <algorithm>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "build/test_support.h"
#include "derivation/placeholder.h"

namespace grange {
namespace {

Derivation input_addressed() {
  Derivation derivation;
  derivation.name = "hello";
  derivation.outputs.emplace("out", InputAddressedOutput{repeated_path('a', "hello")});
  return derivation;
}

Derivation fixed() {
  Derivation derivation;
  derivation.name = "source";
  const ContentAddress address{ContentMethod::flat, Hash(HashAlgorithm::sha256)};
  derivation.outputs.emplace("out", FixedOutput{address, repeated_path('a', "source")});
  return derivation;
}

EnvironmentSettings settings() {
  EnvironmentSettings settings;
  settings.build_directory = "/build";
  settings.cores = 3;
  return settings;
}

BuilderEnvironment environment_of(const Derivation& derivation,
                                  const EnvironmentSettings& settings) {
  return make_environment(derivation, DerivationAttributes::parse(derivation), settings);
}

TEST(Environment, SetsEverythingThatBuildersRelyOn) {
  auto derivation = input_addressed();
  derivation.environment["out"] = "/nix/store/aaa";
  const auto variables = environment_of(derivation, settings()).variables;
  const std::map<std::string, std::string> specified{{"HOME", "/homeless-shelter"},
                                                     {"NIX_BUILD_CORES", "3"},
                                                     {"NIX_BUILD_TOP", "/build"},
                                                     {"NIX_LOG_FD", "2"},
                                                     {"NIX_STORE", "/nix/store"},
                                                     {"PATH", "/path-not-set"},
                                                     {"PWD", "/build"},
                                                     {"TEMP", "/build"},
                                                     {"TEMPDIR", "/build"},
                                                     {"TERM", "xterm-256color"},
                                                     {"TMP", "/build"},
                                                     {"TMPDIR", "/build"},
                                                     {"out", "/nix/store/aaa"}};
  EXPECT_EQ(variables, specified);
}

TEST(Environment, LaterAssignmentsWin) {
  auto derivation = input_addressed();
  for (const auto* name :
       {"PATH", "HOME", "NIX_STORE", "NIX_BUILD_CORES", "TMPDIR", "PWD", "NIX_LOG_FD", "TERM"}) {
    derivation.environment[name] = "own";
  }
  const auto variables = environment_of(derivation, settings()).variables;
  for (const auto* name : {"PATH", "HOME", "NIX_STORE", "NIX_BUILD_CORES"}) {
    EXPECT_EQ(variables.at(name), "own") << name;
  }
  EXPECT_EQ(variables.at("TMPDIR"), "/build");
  EXPECT_EQ(variables.at("PWD"), "/build");
  EXPECT_EQ(variables.at("NIX_LOG_FD"), "2");
  EXPECT_EQ(variables.at("TERM"), "xterm-256color");
}

TEST(Environment, PassesLargeValuesAsFiles) {
  auto derivation = input_addressed();
  derivation.environment["passAsFile"] = "big  absent";
  derivation.environment["big"] = "contents of /1rz4";
  derivation.environment["small"] = "s";
  auto chosen = settings();
  chosen.rewrites = {{"/1rz4", "/nix/store/aaa"}};
  const auto environment = environment_of(derivation, chosen);
  // The name is what Nix 2.8 gives it (nix-store.md §10.2).
  const std::string name = ".attr-1lak0mvllw8rv9i9ygkglvhqsq19qi9ynl4bi7gbf69ab5nzw89a";
  ASSERT_EQ(environment.files.size(), 1U);
  EXPECT_EQ(environment.files[0].name, name);
  EXPECT_EQ(environment.files[0].content, "contents of /nix/store/aaa");
  EXPECT_EQ(environment.variables.at("bigPath"), "/build/" + name);
  EXPECT_FALSE(environment.variables.contains("big"));
  EXPECT_EQ(environment.variables.at("small"), "s");
  EXPECT_EQ(environment.variables.at("passAsFile"), "big  absent");
}

TEST(Environment, OnlyFixedOutputsSeeTheHost) {
  auto chosen = settings();
  chosen.impure = {{"http_proxy", "http://proxy"}, {"SECRET", "s"}};
  auto derivation = fixed();
  derivation.environment["impureEnvVars"] = "http_proxy no_proxy";
  derivation.environment["http_proxy"] = "from the derivation";
  const auto variables = environment_of(derivation, chosen).variables;
  EXPECT_EQ(variables.at("http_proxy"), "http://proxy");
  EXPECT_EQ(variables.at("no_proxy"), "");
  EXPECT_EQ(variables.at("NIX_OUTPUT_CHECKED"), "1");
  EXPECT_FALSE(variables.contains("SECRET"));

  auto pure = input_addressed();
  pure.environment["impureEnvVars"] = "http_proxy";
  const auto without = environment_of(pure, chosen).variables;
  EXPECT_FALSE(without.contains("http_proxy"));
  EXPECT_FALSE(without.contains("NIX_OUTPUT_CHECKED"));
}

TEST(Environment, RewritesNamesAndValues) {
  auto derivation = input_addressed();
  derivation.environment["name-OLD"] = "OLD and OLD";
  auto chosen = settings();
  chosen.rewrites = {{"OLD", "NEW"}};
  const auto environment = environment_of(derivation, chosen);
  EXPECT_EQ(environment.variables.at("name-NEW"), "NEW and NEW");
  const auto strings = environment.strings();
  EXPECT_NE(std::find(strings.begin(), strings.end(), "name-NEW=NEW and NEW"), strings.end());
}

TEST(Environment, StructuredAttributesAreFiles) {
  auto derivation = fixed();
  derivation.environment["__json"] =
      R"({"name":"source","impureEnvVars":["proxy"],"passAsFile":["name"],"p":"MARK"})";
  derivation.environment["out"] = "/nix/store/aaa";
  auto with = settings();
  with.impure = {{"proxy", "http://p"}, {"other", "x"}};
  with.rewrites = {{"MARK", "rewritten"}, {output_placeholder("out"), "/nix/store/bbb"}};
  with.graphs = {{"graph", R"([{"path":"MARK"}])"}};
  const auto made = environment_of(derivation, with);
  EXPECT_FALSE(made.variables.contains("out"));
  EXPECT_FALSE(made.variables.contains("__json"));
  EXPECT_EQ(made.variables.at("proxy"), "http://p");
  EXPECT_EQ(made.variables.at("NIX_ATTRS_SH_FILE"), "/build/.attrs.sh");
  EXPECT_EQ(made.variables.at("NIX_ATTRS_JSON_FILE"), "/build/.attrs.json");
  ASSERT_EQ(made.files.size(), 2U);
  EXPECT_EQ(made.files[0].name, ".attrs.sh");
  EXPECT_EQ(made.files[0].content,
            "declare -a impureEnvVars=('proxy' )\ndeclare name='source'\n"
            "declare -A outputs=(['out']='/nix/store/bbb' )\ndeclare p='rewritten'\n"
            "declare -a passAsFile=('name' )\n");
  EXPECT_EQ(made.files[1].name, ".attrs.json");
  EXPECT_EQ(made.files[1].content,
            R"({"graph":[{"path":"rewritten"}],"impureEnvVars":["proxy"],"name":"source",)"
            R"("outputs":{"out":"/nix/store/bbb"},"p":"rewritten","passAsFile":["name"]})");
}

TEST(Environment, GraphsAreFiles) {
  auto with = settings();
  with.graphs = {{"graph", "text\n"}};
  const auto made = environment_of(input_addressed(), with);
  ASSERT_EQ(made.files.size(), 1U);
  EXPECT_EQ(made.files[0].name, "graph");
  EXPECT_EQ(made.files[0].content, "text\n");
}

TEST(Environment, NestedStoresAreNamedWhateverTheDerivationSays) {
  auto derivation = input_addressed();
  derivation.environment["NIX_REMOTE"] = "daemon";
  auto with = settings();
  EXPECT_EQ(environment_of(derivation, with).variables.at("NIX_REMOTE"), "daemon");
  with.store_socket = "/build/.nix-socket";
  EXPECT_EQ(environment_of(derivation, with).variables.at("NIX_REMOTE"),
            "unix:///build/.nix-socket");
}

}  // namespace
}  // namespace grange
