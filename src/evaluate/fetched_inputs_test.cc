#include "evaluate/fetched_inputs.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "evaluate/input_arguments.h"
#include "evaluate/testing_git.h"
#include "evaluate/testing_sink.h"
#include "http/http_client_test_server.h"

namespace grange {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kRelease = R"(
{ src, lib, greeting, loud ? false, numbers ? [ ] }:
let
  simple = name: more: derivation ({
    inherit name; system = "x86_64-linux"; builder = "/bin/sh";
  } // more);
in
{
  named = simple "${greeting}-${src.shortRev}" {
    inherit src;
    inherit (src) rev revCount inputType;
    viaPath = (import <lib>).value;
    viaArgument = (import lib).value;
    viaFile = (import (src + "/value.nix"));
    count = builtins.length numbers;
    loud = if loud then "loud" else "quiet";
    file = ./value.nix;
  };
  outside = simple "outside" { x = builtins.readFile /etc/hostname; };
  fetching = simple "fetching" { x = builtins.fetchurl "http://127.0.0.1:1/x"; };
  environment = simple "environment" { x = "home:${builtins.getEnv "HOME"}"; };
}
)";

class FetchedInputsTest : public FetchTest {
 protected:
  FetchedInputsTest() : http_(loopback_options(), clock), repository_(area.path() / "repository") {
    ::setenv("no_proxy", "127.0.0.1", 1);
    options_.eval_store_root = area.path() / "eval";
    options_.fsync_metadata = false;
    options_.nix_eval_jobs_program = "";
    options_.restricted = true;
    repository_.write("release.nix", kRelease);
    repository_.write("value.nix", "\"a value\"\n");
    revision_ = repository_.commit("first");
    grange::create_directories(area.path() / "lib");
    write_file(area.path() / "lib/default.nix", "{ value = \"of lib\"; }\n");
    inputs_ = {{"src", InputType::git, repository_.path().string() + " main"},
               {"lib", InputType::path, (area.path() / "lib").string() + " 0"},
               {"greeting", InputType::string, "hello"},
               {"loud", InputType::boolean, "true"},
               {"numbers", InputType::nix, "[ 1 2 3 ]"},
               {"surplus", InputType::string, "nobody takes it"}};
  }

  FetchedInputs get() {
    const InputFetcher fetcher(fetch, options_, runner, http_, clock);
    return fetcher.fetch(inputs_, expression_, {});
  }

  HttpClient http_;
  EvaluateOptions options_;
  GitWorkTree repository_;
  std::string revision_;
  std::vector<JobsetInput> inputs_;
  JobsetExpression expression_{"src", "release.nix"};
};

TEST_F(FetchedInputsTest, AreEvaluatedAsHydraPassesThem) {
  if (std::system("command -v nix > /dev/null") != 0) GTEST_SKIP() << "nix is not installed";
  const auto inputs = get();
  CollectingSink sink;
  const auto summary =
      make_nix_evaluator(clock)->evaluate(jobset_selection(inputs), options_, sink, {});
  ASSERT_TRUE(summary.complete) << summary.problem;
  ASSERT_EQ(sink.targets.count("named"), 1U)
      << (sink.errors.empty() ? "" : sink.errors.begin()->second);
  const auto& target = sink.targets.at("named");
  EXPECT_EQ(target.name, "hello-" + inputs.inputs[0].short_revision);
  const auto recipe = read_file(inputs.store->real_path(target.derivation));
  const auto source = inputs.store->store_dir().print(*inputs.inputs[0].path);
  EXPECT_THAT(
      recipe,
      AllOf(HasSubstr("(\"src\",\"" + source + "\")"), HasSubstr("(\"rev\",\"" + revision_ + "\")"),
            HasSubstr("(\"revCount\",\"1\")"), HasSubstr("(\"inputType\",\"git\")"),
            HasSubstr("(\"viaPath\",\"of lib\")"), HasSubstr("(\"viaArgument\",\"of lib\")"),
            HasSubstr("(\"viaFile\",\"a value\")")));
  EXPECT_THAT(recipe,
              AllOf(HasSubstr("(\"count\",\"3\")"), HasSubstr("(\"loud\",\"loud\")"),
                    // An input of the derivation, not only a text.
                    HasSubstr("\"" + source + "\"],"), Not(HasSubstr(area.path().string()))));
  EXPECT_THAT(sink.errors.at("outside"), HasSubstr("forbidden in restricted mode"));
  EXPECT_THAT(sink.errors.at("fetching"), HasSubstr("restricted mode"));
  const auto& environment = sink.targets.at("environment");
  EXPECT_THAT(read_file(inputs.store->real_path(environment.derivation)),
              HasSubstr("(\"x\",\"home:\")"));
}

TEST_F(FetchedInputsTest, HaveADigestThatChangesWithThem) {
  const auto before = get();
  EXPECT_EQ(before.inputs[0].revision, revision_);
  EXPECT_TRUE(before.inputs[0].nar_hash && before.inputs[1].nar_hash);
  EXPECT_FALSE(before.inputs[2].path);
  EXPECT_EQ(get().digest, before.digest);
  std::swap(inputs_[0], inputs_[3]);
  inputs_[3].value += " timeout=50";
  EXPECT_EQ(get().digest, before.digest);
  inputs_[2].value = "other";
  const auto other = get().digest;
  EXPECT_NE(other, before.digest);
  write_file(area.path() / "lib/default.nix", "{ value = 2; }\n");
  const auto changed = get().digest;
  EXPECT_NE(changed, other);
  expression_.path = "value.nix";
  EXPECT_NE(get().digest, changed);
}

TEST_F(FetchedInputsTest, RefuseExpressionsThatAreNotInThem) {
  const auto refuse = [&](JobsetExpression expression) {
    expression_ = std::move(expression);
    try {
      jobset_selection(get());
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  std::filesystem::create_symlink("/etc/hostname", repository_.path() / "out.nix");
  std::filesystem::create_symlink("release.nix", repository_.path() / "in.nix");
  repository_.write("dir/default.nix", "{ }");
  repository_.commit("links");
  EXPECT_THAT(refuse({"none", "release.nix"}), HasSubstr("no such input"));
  EXPECT_THAT(refuse({"greeting", "release.nix"}), HasSubstr("has no files"));
  EXPECT_THAT(refuse({"src", "../x"}), HasSubstr("without '..'"));
  EXPECT_THAT(refuse({"src", "/etc/hostname"}), HasSubstr("relative"));
  EXPECT_THAT(refuse({"src", ""}), HasSubstr("relative"));
  EXPECT_THAT(refuse({"src", "none.nix"}), HasSubstr("does not exist in revision"));
  EXPECT_THAT(refuse({"src", "out.nix"}), HasSubstr("leads out of the input"));
  EXPECT_EQ(refuse({"src", "in.nix"}), "");
  EXPECT_EQ(refuse({"src", "dir"}), "");
}

TEST_F(FetchedInputsTest, NameTheInputThatFailed) {
  inputs_[0].value += "-gone";
  EXPECT_THAT(message_of<NotFoundError>([&] { get(); }),
              AllOf(HasSubstr("main-gone"), HasSubstr("while fetching input 'src' (git)")));
  inputs_[2].name = "src";
  EXPECT_THAT(message_of<InvalidError>([&] { get(); }), HasSubstr("specified twice"));
}

TEST_F(FetchedInputsTest, TellTheirHistory) {
  const auto second = repository_.commit("second");
  const InputFetcher fetcher(fetch, options_, runner, http_, clock);
  fetcher.fetch(inputs_, expression_, {});
  const auto history = fetcher.history(inputs_[0], second, revision_, 10, {});
  ASSERT_EQ(history.commits.size(), 1U);
  EXPECT_EQ(history.commits[0].subject, "second");
  EXPECT_TRUE(history.descends);
  EXPECT_THROW(fetcher.history(inputs_[1], second, revision_, 10, {}), InvalidError);
}

TEST_F(FetchedInputsTest, ComeOverHttp) {
  // git's plain form: the repository's files.
  const auto bare = area.path() / "bare";
  repository_.git({"clone", "--quiet", "--bare", ".", bare.string()});
  GitWorkTree(area.path() / "unused").git({"-C", bare.string(), "update-server-info"});
  LoopbackServer server([&](const LoopbackRequest& request, LoopbackReply& reply) {
    if (request.target.starts_with("/private/")) {
      return reply.send_all(401, "WWW-Authenticate: Basic realm=\"x\"\r\n", "");
    }
    const auto path = request.target.substr(0, request.target.find('?'));
    const auto file = bare / path.substr(std::min<std::size_t>(path.size(), 6));
    const auto text = path.starts_with("/repo/") && std::filesystem::is_regular_file(file)
                          ? std::optional(read_file(file))
                          : std::nullopt;
    reply.send_all(text ? 200 : 404, "", text.value_or(""));
  });
  inputs_[0].value = server.url("/repo").to_string() + " main";
  const auto inputs = get();
  EXPECT_EQ(inputs.inputs[0].revision, revision_);
  EXPECT_EQ(inputs.inputs[0].uri, server.url("/repo").to_string());
  inputs_[0].value = server.url("/none").to_string() + " main";
  EXPECT_THAT(message_of<NotFoundError>([&] { get(); }), HasSubstr("there is no repository at"));
  inputs_[0].value = server.url_of("user:secret@127.0.0.1", "/private/repo").to_string() + " main";
  EXPECT_THAT(message_of<DeniedError>([&] { get(); }),
              AllOf(HasSubstr("may not be read"), Not(HasSubstr("secret"))));
}

TEST(InputArguments, QuoteForNix) {
  EXPECT_EQ(nix_string("a\"b\\c${d}\n\t"), R"("a\"b\\c\${d}\n\t")");
}

}  // namespace
}  // namespace grange
