#include "serve/farm_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kWholeFile = R"(
failure_lifetimes = { failed = 86400, timed_out = "forever" }

[server]
listen = "127.0.0.1:0"
base_url = "https://farm.example.org"
database_file = "secrets/database"
state = "/var/lib/grange"
evaluations = 3
daemon_socket = "run/socket"
daemon_shares = 7

[build]
jobs = 4
sandbox = "relaxed"
substituters = [ "https://cache.example.org" ]

[webhooks]
github_secret_files = [ "github", "/etc/other" ]

[projects.hello]
display_name = "Hello"
owner = "alice"
members = [ "bob" ]

[projects.hello.jobsets."release-1.0"]
state = "one-shot"
expression_input = "src"
expression_path = "release.nix"
check_interval = 60
inputs.src = { type = "git", value = "https://example.org/hello.git main" }
inputs.camelCase = { type = "string", value = "x" }

[projects.empty]
)";

FarmFile parse_text(std::string_view text) {
  return parse_farm_file(text, "/etc/grange/grange.toml");
}

/// What is said of a wrong file.
std::string refusal(std::string_view text) {
  try {
    parse_text(text);
  } catch (const InvalidError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(FarmFile, HoldsAllOfAFarm) {
  const auto file = parse_text(kWholeFile);
  EXPECT_EQ(file.server.listen, "127.0.0.1:0");
  EXPECT_EQ(file.server.base_url, "https://farm.example.org");
  EXPECT_EQ(file.server.database_file, "/etc/grange/secrets/database");
  EXPECT_EQ(file.server.state, "/var/lib/grange");
  EXPECT_EQ(file.server.evaluations, 3U);
  EXPECT_EQ(file.server.daemon_socket, "/etc/grange/run/socket");
  EXPECT_EQ(file.server.daemon_shares, 7U);
  EXPECT_FALSE(file.server.database);
  EXPECT_EQ(file.build.jobs, 4U);
  EXPECT_EQ(file.build.sandbox, "relaxed");
  EXPECT_THAT(*file.build.substituters, ElementsAre("https://cache.example.org"));
  EXPECT_EQ(file.failure_lifetimes.at(Outcome::failed), Seconds(86400));
  EXPECT_FALSE(file.failure_lifetimes.at(Outcome::timed_out));
  ASSERT_EQ(file.webhooks.size(), 2U);
  EXPECT_EQ(file.webhooks[0].file, "/etc/grange/github");
  EXPECT_EQ(file.webhooks[1].file, "/etc/other");

  ASSERT_EQ(file.projects.size(), 2U);
  EXPECT_EQ(file.projects[0].settings.display_name, "empty");
  const auto& project = file.projects[1];
  EXPECT_EQ(project.settings.name, "hello");
  EXPECT_EQ(project.settings.owner, "alice");
  EXPECT_THAT(project.members, ElementsAre("bob"));
  ASSERT_EQ(project.jobsets.size(), 1U);
  const auto& jobset = project.jobsets[0];
  EXPECT_EQ(jobset.name, "release-1.0");
  EXPECT_EQ(jobset.state, JobsetState::one_shot);
  EXPECT_EQ(jobset.check_interval, 60);
  EXPECT_EQ(jobset.shares, 100);
  EXPECT_EQ(jobset.inputs.at("src").type, "git");
  EXPECT_EQ(jobset.inputs.at("camelCase").value, "x");
}

TEST(FarmFile, TheManualsIsOne) {
  const auto manual = read_file(std::filesystem::path(GRANGE_SOURCE_DIR) / "docs/manual.md");
  const auto begin = manual.find("```toml\n");
  ASSERT_NE(begin, std::string::npos);
  const auto text = manual.substr(begin + 8, manual.find("\n```\n", begin) - begin - 8);
  const auto file = parse_text(text);
  ASSERT_EQ(file.projects.size(), 1U);
  EXPECT_EQ(file.projects[0].jobsets.size(), 2U);
  EXPECT_EQ(file.failure_lifetimes.size(), 2U);
}

TEST(FarmFile, AnEmptyOneSaysNothing) {
  const auto file = parse_text("");
  EXPECT_EQ(file.server, FarmFileServer());
  EXPECT_EQ(file.build, FarmFileBuild());
  EXPECT_TRUE(file.projects.empty());
}

TEST(FarmFile, ErrorsNameTheLineAndTheKey) {
  EXPECT_EQ(refusal("[server]\nlisten = \"x\"\nbase = 1\n"),
            "/etc/grange/grange.toml:3: server.base: there is no field of this name");
  EXPECT_EQ(refusal("[server]\n\nbaseUrl = \"x\"\n"),
            "/etc/grange/grange.toml:3: server.baseUrl: there is no field of this name");
  EXPECT_THAT(refusal("[server]\nevaluations = 0\n"),
              StartsWith("/etc/grange/grange.toml:2: server.evaluations: specified an integer"));
  EXPECT_THAT(refusal("[server\n"), StartsWith("/etc/grange/grange.toml:1: "));
  EXPECT_THAT(refusal("x = 1979-05-27\n"), StartsWith("/etc/grange/grange.toml:1: nothing here"));
  EXPECT_THAT(refusal("[failure_lifetimes]\nfine = 1\n"),
              StartsWith("/etc/grange/grange.toml:2: failure_lifetimes.fine: there is no"));
  EXPECT_THAT(refusal("[failure_lifetimes]\nfailed = \"long\"\n"),
              StartsWith("/etc/grange/grange.toml:2: failure_lifetimes.failed: specified seconds"));
}

TEST(FarmFile, ErrorsOfJobsetsAreToldAllAtOnce) {
  const auto said = refusal(
      "[projects.p.jobsets.\"a.b\"]\n"
      "shares = 0\n"
      "expression_input = \"src\"\n"
      "expression_path = \"/x\"\n"
      "check_intervall = 5\n"
      "[projects.p.jobsets.\"a.b\".inputs.src]\n"
      "type = \"gti\"\n"
      "value = \"x\"\n");
  EXPECT_THAT(said, StartsWith("/etc/grange/grange.toml:2: projects.p.jobsets.a.b.shares: "));
  EXPECT_THAT(said, HasSubstr("grange.toml:4: projects.p.jobsets.a.b.expression_path: must be"));
  EXPECT_THAT(said,
              HasSubstr("grange.toml:5: projects.p.jobsets.a.b.check_intervall: there is no"));
  EXPECT_THAT(said, HasSubstr("grange.toml:6: projects.p.jobsets.a.b.inputs.src: the type"));
}

TEST(FarmFile, NamesAreThoseOfTheTables) {
  EXPECT_THAT(refusal("[projects.p]\nname = \"q\"\n"),
              StartsWith("/etc/grange/grange.toml:2: projects.p.name: its name is that"));
  EXPECT_THAT(refusal("[projects.\"p q\"]\n"), HasSubstr("projects.p q.name: letters"));
}

TEST(FarmFile, IsBounded) {
  EXPECT_THAT(refusal(std::string(kLargestFarmFile + 1, '\n')), HasSubstr("the limit is"));
  EXPECT_THAT(refusal("x = " + std::string(100, '[') + std::string(100, ']')),
              HasSubstr("nested too deep"));
  EXPECT_THAT(refusal("x = \"\\u0000\""), HasSubstr("NUL"));
  EXPECT_THAT(refusal("x = " + std::string(5000, '[')), StartsWith("/etc/grange/grange.toml:1: "));
}

TEST(FarmFile, SecretsAreTheFirstLineOfTheirFile) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "secret";
  write_file(file, " swordfish \nmore\n");
  EXPECT_EQ(read_secret_file(file), "swordfish");
  write_file(file, "\nswordfish\n");
  EXPECT_THROW(read_secret_file(file), InvalidError);
  EXPECT_THROW(read_secret_file(directory.path() / "other"), NotFoundError);
}

}  // namespace
}  // namespace grange
