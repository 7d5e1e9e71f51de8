#include "serve/hydra_json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace grange {
namespace {

TimePoint unix_time(std::int64_t seconds) {
  return TimePoint(std::chrono::seconds(seconds));
}

StoreDir hydra_store() {
  return StoreDir::nix();
}

constexpr const char* kHydraDigest = "0123456789abcdfghijklmnpqrsvwxyz";

Jobset hydra_test_jobset() {
  Jobset jobset;
  jobset.project_name = "nixpkgs";
  jobset.settings.name = "trunk";
  jobset.settings.expression_input = "nixpkgs";
  jobset.settings.expression_path = "release.nix";
  jobset.settings.inputs = {{"nixpkgs", {"git", "https://a.example/nixpkgs main"}}};
  return jobset;
}

BuildRow hydra_test_build() {
  BuildRow build;
  build.id = 7;
  build.label = "hello.x86_64-linux";
  build.derivation_name = std::string(kHydraDigest) + "-hello-1.drv";
  build.name = "hello-1";
  build.system = "x86_64-linux";
  build.priority = 100;
  build.queued = unix_time(1000);
  return build;
}

/// One line of the golden text, as it is written below.
std::string golden(std::string_view text) {
  return HydraJson::parse(text).dump();
}

TEST(HydraShapes, Project) {
  Project project;
  project.settings = {"nixpkgs", "Nixpkgs", "", "https://nixos.org", "eelco", true, false};
  EXPECT_EQ(hydra_project(project, {"staging", "trunk"}).dump(), golden(R"({
    "name": "nixpkgs", "displayname": "Nixpkgs", "description": "", "homepage": "https://nixos.org",
    "owner": "eelco", "enabled": true, "hidden": false, "enable_dynamic_run_command": false,
    "jobsets": ["staging", "trunk"]})"));
}

TEST(HydraShapes, Jobset) {
  auto jobset = hydra_test_jobset();
  EXPECT_EQ(hydra_jobset(jobset).dump(), golden(R"({
    "name": "trunk", "project": "nixpkgs", "description": "", "nixexprinput": "nixpkgs",
    "nixexprpath": "release.nix", "errormsg": "", "emailoverride": "", "fetcherrormsg": "",
    "type": 0, "flake": "", "errortime": null, "lastcheckedtime": null, "triggertime": null,
    "starttime": null, "enabled": 1, "keepnr": 3, "checkinterval": 300, "schedulingshares": 100,
    "enableemail": false, "enable_dynamic_run_command": false, "visible": true,
    "inputs": {"nixpkgs": {"name": "nixpkgs", "type": "git",
      "value": "https://a.example/nixpkgs main", "emailresponsible": false}}})"));
  jobset.settings.state = JobsetState::one_at_a_time;
  jobset.settings.hidden = true;
  jobset.status.triggered = unix_time(12);
  const auto json = hydra_jobset(jobset);
  EXPECT_EQ(json["enabled"], 3);
  EXPECT_EQ(json["visible"], false);
  EXPECT_EQ(json["triggertime"], 12);
}

TEST(HydraShapes, JobsetOverview) {
  auto jobset = hydra_test_jobset();
  jobset.status.queued_builds = 1;
  jobset.status.good_builds = 20;
  jobset.status.failed_builds = 3;
  jobset.status.last_checked = unix_time(50);
  jobset.status.problem = "it failed";
  jobset.status.problem_since = unix_time(40);
  EXPECT_EQ(hydra_jobset_overview(jobset).dump(), golden(R"({
    "project": "nixpkgs", "name": "trunk", "nrscheduled": 1, "nrsucceeded": 20, "nrfailed": 3,
    "nrtotal": 24, "lastcheckedtime": 50, "starttime": null, "checkinterval": 300,
    "triggertime": null, "fetcherrormsg": "", "errortime": 40, "haserrormsg": true})"));
}

TEST(HydraShapes, Build) {
  const auto jobset = hydra_test_jobset();
  auto build = hydra_test_build();
  EXPECT_EQ(hydra_build(build, &jobset, {}, hydra_store()).dump(), golden(R"({
    "id": 7, "finished": 0, "timestamp": 1000, "starttime": null, "stoptime": null,
    "project": "nixpkgs", "jobset": "trunk", "job": "hello.x86_64-linux", "nixname": "hello-1",
    "system": "x86_64-linux", "priority": 100, "buildstatus": null, "releasename": null,
    "drvpath": "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-hello-1.drv", "jobsetevals": [],
    "buildoutputs": {}, "buildproducts": {}, "buildmetrics": {}})"));
  build.outcome = Outcome::good;
  build.started = unix_time(1001);
  build.stopped = unix_time(1002);
  build.release_name = "hello-1.0";
  HydraBuildParts parts;
  parts.evaluations = {4, 3};
  parts.outputs.emplace("out", StorePath::parse(std::string(kHydraDigest) + "-hello-1"));
  BuildProduct product;
  product.type = "file";
  product.subtype = "iso";
  product.name = "a.iso";
  product.path = "/nix/store/x/a.iso";
  product.size = 17;
  product.sha256 = hash_bytes(HashAlgorithm::sha256, "");
  parts.report.products = {product};
  parts.report.metrics = {{"size", 1.5, "MiB"}, {"time", 2, ""}};
  EXPECT_EQ(hydra_build(build, &jobset, parts, hydra_store()).dump(), golden(R"({
    "id": 7, "finished": 1, "timestamp": 1000, "starttime": 1001, "stoptime": 1002,
    "project": "nixpkgs", "jobset": "trunk", "job": "hello.x86_64-linux", "nixname": "hello-1",
    "system": "x86_64-linux", "priority": 100, "buildstatus": 0, "releasename": "hello-1.0",
    "drvpath": "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-hello-1.drv", "jobsetevals": [4, 3],
    "buildoutputs": {"out": {"path": "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-hello-1"}},
    "buildproducts": {"1": {"type": "file", "subtype": "iso", "name": "a.iso", "filesize": 17,
      "sha256hash": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "path": "/nix/store/x/a.iso", "defaultpath": ""}},
    "buildmetrics": {"size": {"value": 1.5, "unit": "MiB"},
      "time": {"value": 2.0, "unit": null}}})"));
}

TEST(HydraShapes, ShortBuild) {
  const auto jobset = hydra_test_jobset();
  auto build = hydra_test_build();
  EXPECT_EQ(hydra_short_build(build, &jobset).dump(), golden(R"({
    "id": 7, "project": "nixpkgs", "jobset": "trunk", "job": "hello.x86_64-linux",
    "system": "x86_64-linux", "nixname": "hello-1", "finished": 0, "timestamp": 1000,
    "priority": 100})"));
  build.outcome = Outcome::timed_out;
  EXPECT_EQ(hydra_short_build(build, nullptr).dump(), golden(R"({
    "id": 7, "project": null, "jobset": null, "job": "hello.x86_64-linux",
    "system": "x86_64-linux", "nixname": "hello-1", "finished": 1, "timestamp": 1000,
    "buildstatus": 7})"));
}

TEST(HydraShapes, Evaluation) {
  EvaluationRow evaluation;
  evaluation.id = 9;
  evaluation.started = unix_time(100);
  evaluation.finished = unix_time(130);
  evaluation.fetch_seconds = 10;
  evaluation.base = 8;
  evaluation.verdicts.same = 2;
  const std::vector<EvaluationInputRow> inputs{
      {"nixpkgs", "git", "https://a.example/r main", "https://a.example/r", "abc", "x-source"},
      {"text", "string", "a", "", "", ""}};
  EXPECT_EQ(hydra_evaluation(evaluation, inputs, {5, 7}).dump(), golden(R"({
    "id": 9, "timestamp": 130, "checkouttime": 10, "evaltime": 20, "hasnewbuilds": 0,
    "flake": null, "builds": [5, 7], "jobsetevalinputs": {
      "nixpkgs": {"revision": "abc", "value": "https://a.example/r main", "type": "git",
        "uri": "https://a.example/r", "dependency": null},
      "text": {"revision": null, "value": "a", "type": "string", "uri": null,
        "dependency": null}}})"));
  evaluation.verdicts.changed = 1;
  EXPECT_EQ(hydra_evaluation(evaluation, {}, {})["hasnewbuilds"], 1);
}

TEST(HydraShapes, PagesOfEvaluations) {
  const auto list = [](std::int64_t number, std::int64_t total) {
    return hydra_evaluation_list(HydraJson::array(), {number, total}).dump();
  };
  EXPECT_EQ(list(1, 0), golden(R"({"evals": [], "first": "?page=1", "last": "?page=1"})"));
  EXPECT_EQ(list(1, 20), golden(R"({"evals": [], "first": "?page=1", "last": "?page=1"})"));
  EXPECT_EQ(list(1, 21), golden(R"({"evals": [], "first": "?page=1", "next": "?page=2",
                                    "last": "?page=2"})"));
  EXPECT_EQ(list(2, 41), golden(R"({"evals": [], "first": "?page=1", "previous": "?page=1",
                                    "next": "?page=3", "last": "?page=3"})"));
  EXPECT_EQ((HydraPage{3, 0}.skipped()), 40);
}

TEST(HydraShapes, Step) {
  StepRow step;
  step.derivation = std::string(kHydraDigest) + "-a.drv";
  step.system = "x86_64-linux";
  step.started = unix_time(5);
  EXPECT_EQ(hydra_step(step, 2, {{"id", 7}}, hydra_store()).dump(), golden(R"({
    "machine": "localhost", "system": "x86_64-linux", "stepnr": 2,
    "drvpath": "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-a.drv", "starttime": 5,
    "resolveddrvpath": null, "build": {"id": 7}})"));
}

TEST(HydraShapes, StatusesAreHydrasNumbers) {
  const std::pair<Outcome, int> expected[] = {
      {Outcome::good, 0},
      {Outcome::failed, 1},
      {Outcome::output_rejected, 1},
      {Outcome::hash_mismatch, 1},
      {Outcome::dependency_failed, 2},
      {Outcome::aborted, 3},
      {Outcome::unknown, 3},
      {Outcome::cancelled, 4},
      {Outcome::failed_with_output, 6},
      {Outcome::timed_out, 7},
      {Outcome::unsupported, 9},
      {Outcome::log_limit_exceeded, 10},
      {Outcome::not_deterministic, 12},
  };
  for (const auto& [outcome, status] : expected) {
    EXPECT_EQ(hydra_build_status(outcome), status) << to_string(outcome);
  }
}

TEST(HydraShapes, Badge) {
  EXPECT_EQ(hydra_badge(Outcome::good).dump(), golden(R"({"schemaVersion": 1,
    "label": "hydra build", "color": "green", "message": "passing"})"));
  EXPECT_EQ(hydra_badge(Outcome::failed)["message"], "failing");
  EXPECT_EQ(hydra_badge(std::nullopt)["message"], "no builds");
}

}  // namespace
}  // namespace grange
