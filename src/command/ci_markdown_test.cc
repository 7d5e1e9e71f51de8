#include "command/ci_markdown.h"

#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "command/closure_size_text.h"
#include "compare/explanation_text.h"

namespace grange {
namespace {

using testing::HasSubstr;
using testing::Not;

StorePath path(const std::string& name) {
  return StorePath::parse("00000000000000000000000000000000-" + name);
}

TargetReport target(const std::string& label, Verdict verdict, Outcome base, Outcome now,
                    const std::string& message = "") {
  TargetReport result;
  result.label = label;
  result.verdict = verdict;
  result.in_base = verdict != Verdict::added;
  result.base_outcome = base;
  result.outcome = now;
  result.message = message;
  return result;
}

ExplainedCause cause(const std::string& name, std::vector<FieldDifference> fields,
                     std::size_t targets) {
  return {
      name, path(name + ".drv"), path(name + ".drv"), std::move(fields), targets, 1, 7, 2, {}, 7,
      false};
}

/// A run in which about everything happened.
CiReport eventful() {
  CiReport report;
  report.complete = true;
  report.base = "the map of merge base 1a2b3c4d of main, 2 h old";
  report.map.commit = "0123456789abcdef0123456789abcdef01234567";
  report.targets = {
      target("broken", Verdict::changed, Outcome::good, Outcome::failed,
             "exit code 1 | `rm`\nmore"),
      target("cured", Verdict::changed, Outcome::failed, Outcome::good),
      target("fine", Verdict::same, Outcome::good, Outcome::good),
      target("hopeless", Verdict::same, Outcome::failed, Outcome::failed, "@everyone <b>look</b>"),
      target("upset", Verdict::changed, Outcome::good, Outcome::dependency_failed)};
  report.targets[2].skipped = true;
  report.targets[4].failed_inputs = {"/nix/store/00000000000000000000000000000000-broken.drv"};
  report.comparison.same = 2;
  report.comparison.changed = 3;
  auto& explanation = report.explanation;
  explanation.changed = 10;
  explanation.causes = {
      cause("libxml2-2.9.2", {{"env.configureFlags", "--a", "--a --without-legacy"}}, 3),
      cause("rustc-1.89", {{"name", "rustc-1.88", "rustc-1.89"}}, 1),
      cause("a-1", {{"inputs", "openssl-1.0.1", "openssl-1.0.2"}}, 1),
      cause("b-1", {{"inputs", "openssl-1.0.1", "openssl-1.0.2"}}, 1)};
  explanation.causes[0].expected_seconds = 192;
  explanation.causes[0].unknown_durations = 2;
  explanation.causes[1].suspicious = true;
  explanation.targets = {{"broken", {0}}, {"cured", {0, 1}}, {"upset", {0, 2, 3}}};
  explanation.steps = 10;
  explanation.unknown_durations = 10;
  explanation.causes[0].source_files = {"src: lib/a.c changed, lib/b.c only in the head"};
  explanation.sizes = {{"broken", {31'200'000, {}}},
                       {"cured", {{}, 5}},
                       {"large", {31'200'000, 33'000'000}},
                       {"small", {2'000'000, 1'900'000}},
                       {"steady", {7, 7}}};
  report.comparison.rewritten = {
      {path("zlib-1.2.8.tar.gz.drv"),
       path("zlib-1.2.8.tar.gz.drv"),
       OutputSetId(Sha256{}),
       {"env.urls"},
       1,
       {{"env.urls", "http://a/zlib-1.2.8.tar.gz", "http://b/zlib-1.2.8.tar.gz"}},
       false},
      {path("gmp.tar.gz.drv"),
       path("gmp.tar.gz.drv"),
       OutputSetId(Sha256{}),
       {"env.url"},
       1,
       {{"env.url", "http://a/gmp-5.1.tar.gz", "http://a/gmp-5.2.tar.gz"}},
       true}};
  return report;
}

/// GRANGE_UPDATE_GOLDEN=1 writes them anew: look at the difference before committing it.
void expect_golden(const std::string& name, const std::string& text) {
  const auto file = std::string(GRANGE_SOURCE_DIR) + "/src/command/golden/" + name;
  if (std::getenv("GRANGE_UPDATE_GOLDEN") != nullptr) write_file(file, text);
  EXPECT_EQ(text, try_read_file(file).value_or("")) << "in " << file;
}

TEST(CiMarkdown, TellsARun) {
  expect_golden("ci_report.md", ci_report_markdown(eventful()));
}

TEST(CiMarkdown, MakesACheckRun) {
  const auto json = nlohmann::json::parse(ci_report_github(eventful()));
  EXPECT_EQ(json.at("conclusion"), "failure");
  EXPECT_EQ(json.at("head_sha"), "0123456789abcdef0123456789abcdef01234567");
  EXPECT_EQ(json.at("output").at("title"), "2 targets newly failing, 1 fixed");
  EXPECT_EQ(json.at("output").at("summary"), ci_report_markdown(eventful()));
}

TEST(CiMarkdown, ForeignTextStaysInItsCell) {
  const auto text = ci_report_markdown(eventful());
  EXPECT_THAT(text, HasSubstr("`exit code 1 \\| 'rm'`"));
  EXPECT_THAT(text, HasSubstr("`@everyone <b>look</b>`"));
}

TEST(CiMarkdown, IsBoundedInWholeRows) {
  auto report = eventful();
  for (int i = 0; i < 20'000; ++i) {
    report.targets.push_back(target("many" + std::to_string(i), Verdict::changed, Outcome::good,
                                    Outcome::failed, std::string(1000, 'x')));
  }
  const auto text = ci_report_markdown(report);
  EXPECT_LE(text.size(), kLongestComment);
  EXPECT_THAT(text, HasSubstr(" more | | |\n| cause | `libxml2-2.9.2` |"));
  EXPECT_THAT(text, Not(HasSubstr(std::string(301, 'x'))));
}

TEST(CiMarkdown, AQuietRunIsShort) {
  CiReport report;
  report.complete = true;
  report.targets = {target("fine", Verdict::same, Outcome::good, Outcome::good)};
  report.comparison.same = 1;
  report.base = "the last complete run, number 1";
  expect_golden("ci_report_quiet.md", ci_report_markdown(report));
}

TEST(ExplanationText, TellsCausesAndWhatTheyTouch) {
  const auto report = eventful();
  expect_golden("explanation.txt",
                change_headline(report.comparison, report.explanation, StoreDir::nix()) + "\n" +
                    explanation_text(report.explanation, StoreDir::nix()) +
                    closure_size_text(report.explanation) +
                    rewritten_text(report.comparison, StoreDir::nix()));
}

TEST(ExplanationText, TellsSomeFilesOfSourcesAndJsonAll) {
  Explanation explanation;
  explanation.changed = 2;
  explanation.causes = {cause("a-1", {{"env.x", "1", "2"}}, 1),
                        cause("b-1", {{"env.x", "1", "2"}}, 1)};
  for (int i = 0; i < 12; ++i) {
    explanation.causes[0].source_files.push_back("s" + std::to_string(i) + ": a.c changed");
  }
  const auto text = explanation_text(explanation, StoreDir::nix());
  EXPECT_THAT(text, HasSubstr("\n      s9: a.c changed\n      … and 2 more\n    touches 1 target"));
  EXPECT_THAT(text, HasSubstr("\n  b-1\n"));  // what holds for one is not told of both
  const auto json = causes_json(explanation, StoreDir::nix());
  EXPECT_EQ(json[0]["sourceFiles"].size(), 12U);
  EXPECT_TRUE(json[1]["sourceFiles"].is_array() && json[1]["sourceFiles"].empty());
}

}  // namespace
}  // namespace grange
