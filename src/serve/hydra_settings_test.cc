#include "serve/hydra_settings.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "farm/settings_check.h"
#include "serve/problem.h"

namespace grange {
namespace {

using HydraBody = nlohmann::json;

TEST(HydraSettings, AProjectIsWhatItsBodySays) {
  const auto parsed = parse_hydra_project(HydraBody::parse(R"({
    "displayname": "My project", "description": "d", "homepage": "https://a.example",
    "enabled": true, "visible": 1, "owner": "eelco", "enable_dynamic_run_command": false,
    "something": ["else"]})"),
                                          "mine");
  EXPECT_EQ(parsed.settings,
            (ProjectSettings{"mine", "My project", "d", "https://a.example", "", true, false}));
  EXPECT_EQ(parsed.owner, "eelco");
}

TEST(HydraSettings, WhatAProjectsBodyLeavesOutIsFalse) {
  const auto parsed =
      parse_hydra_project(HydraBody::parse(R"({"name": "other", "displayname": "x"})"), "mine");
  EXPECT_EQ(parsed.settings.name, "other");
  EXPECT_FALSE(parsed.settings.enabled);
  EXPECT_TRUE(parsed.settings.hidden);
  EXPECT_FALSE(parsed.owner);
  const auto hidden = [](const char* text) {
    auto body = HydraBody::parse(text);
    body["displayname"] = "x";
    return parse_hydra_project(body, "a").settings.hidden;
  };
  EXPECT_TRUE(hidden(R"({"visible": false})"));
  EXPECT_TRUE(hidden(R"({"visible": 0})"));
  EXPECT_FALSE(hidden(R"({"visible": true, "hidden": true})"));
  EXPECT_FALSE(hidden(R"({"hidden": 0})"));
  EXPECT_TRUE(hidden(R"({"hidden": 1})"));
}

TEST(HydraSettings, WhatAProjectCannotBeIsRefused) {
  EXPECT_THROW(parse_hydra_project(HydraBody::parse("{}"), "a"), InvalidFieldsError);
  EXPECT_THROW(parse_hydra_project(HydraBody::parse(R"({"displayname": 7})"), "a"),
               InvalidFieldsError);
  EXPECT_THROW(
      parse_hydra_project(
          HydraBody::parse(R"({"displayname": "x", "declarative": {"file": "a.json"}})"), "a"),
      InvalidFieldsError);
  EXPECT_NO_THROW(parse_hydra_project(
      HydraBody::parse(
          R"({"displayname": "x", "declarative": {"file": "", "type": "", "value": ""}})"),
      "a"));
}

TEST(HydraSettings, AJobsetIsWhatItsBodySays) {
  const auto settings = parse_hydra_jobset(HydraBody::parse(R"({
    "name": "trunk", "description": "d", "type": 0, "nixexprinput": "src",
    "nixexprpath": "release.nix", "enabled": 3, "visible": true, "checkinterval": "60",
    "schedulingshares": 50, "keepnr": 5, "enableemail": false, "emailoverride": "",
    "inputs": {
      "src": {"type": "git", "value": "https://a.example/r main", "emailresponsible": false},
      "flag": {"name": "flag", "type": "boolean", "value": true}}})"),
                                           "x", std::nullopt);
  JobsetSettings expected;
  expected.name = "trunk";
  expected.description = "d";
  expected.expression_input = "src";
  expected.expression_path = "release.nix";
  expected.state = JobsetState::one_at_a_time;
  expected.check_interval = 60;
  expected.shares = 50;
  expected.keep = 5;
  expected.inputs = {{"src", {"git", "https://a.example/r main"}}, {"flag", {"boolean", "true"}}};
  EXPECT_EQ(settings, expected);
}

TEST(HydraSettings, WhatAJobsetsBodyLeavesOutIsAsHydraHasIt) {
  JobsetSettings present;
  present.allow_import_from_derivation = true;
  const auto settings = parse_hydra_jobset(
      HydraBody::parse(R"({"nixexprinput": "a", "nixexprpath": "b", "flake": null})"), "x",
      present);
  EXPECT_EQ(settings.name, "x");
  EXPECT_EQ(settings.state, JobsetState::off);
  EXPECT_TRUE(settings.hidden);
  EXPECT_EQ(settings.check_interval, 0);
  EXPECT_EQ(settings.shares, 100);
  EXPECT_EQ(settings.keep, 0);
  EXPECT_TRUE(settings.allow_import_from_derivation);
  const auto state = [](const char* enabled) {
    auto body = HydraBody::parse(R"({"nixexprinput": "a", "nixexprpath": "b"})");
    body["enabled"] = HydraBody::parse(enabled);
    return parse_hydra_jobset(body, "x", std::nullopt).state;
  };
  EXPECT_EQ(state("true"), JobsetState::on);
  EXPECT_EQ(state("false"), JobsetState::off);
  EXPECT_EQ(state("\"2\""), JobsetState::one_shot);
}

TEST(HydraSettings, AJobsetOfAFlakeHasNothingElse) {
  const auto settings = parse_hydra_jobset(
      HydraBody::parse(R"({"type": 1, "flake": "github:a/b", "nixexprinput": "", "inputs": {}})"),
      "x", std::nullopt);
  EXPECT_EQ(settings.flake, "github:a/b");
  EXPECT_TRUE(settings.expression_input.empty());
  EXPECT_TRUE(check_settings(settings).empty());
}

TEST(HydraSettings, FlagsMayBeTexts) {
  const auto project = [](const char* flag) {
    auto body = HydraBody::parse(R"({"displayname": "x"})");
    body["enabled"] = body["visible"] = flag;
    const auto settings = parse_hydra_project(body, "x").settings;
    EXPECT_EQ(settings.enabled, !settings.hidden);
    return settings.enabled;
  };
  EXPECT_TRUE(project("1"));
  EXPECT_TRUE(project("on"));
  EXPECT_FALSE(project("0"));
  EXPECT_FALSE(project(""));
}

TEST(HydraSettings, WhatAJobsetCannotBeIsRefused) {
  for (const char* text :
       {"{}", R"({"type": 1})",
        R"({"nixexprinput": "a", "nixexprpath": "b", "flake": "github:a/b"})",
        R"({"nixexprinput": "a", "nixexprpath": "b", "enabled": 4})",
        R"({"nixexprinput": "a", "nixexprpath": "b", "schedulingshares": 0})",
        R"({"nixexprinput": "a", "nixexprpath": "b", "keepnr": "many"})",
        R"({"nixexprinput": "a", "nixexprpath": "b", "inputs": []})",
        R"({"nixexprinput": "a", "nixexprpath": "b", "inputs": {"a": {"value": "x"}}})",
        R"({"nixexprinput": "a", "nixexprpath": "b", "inputs": {"a": {"type": "git",
           "value": {}}}})"}) {
    EXPECT_THROW(parse_hydra_jobset(HydraBody::parse(text), "x", std::nullopt), InvalidFieldsError)
        << text;
  }
}

}  // namespace
}  // namespace grange
