#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "evaluate/fetched_inputs.h"
#include "evaluate/testing_git.h"
#include "evaluate/testing_sink.h"

namespace grange {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Key;
using testing::UnorderedElementsAre;

constexpr std::string_view kFlake = R"(
{
  inputs.dep.url = "git+file:///dep";
  inputs.plain = { url = "path:/plain"; flake = false; };
  outputs = { self, dep, plain, ... }@all:
    let
      simple = name: more: derivation ({
        inherit name; system = "x86_64-linux"; builder = "/bin/sh";
      } // more);
    in
    {
      packages.x86_64-linux.notThis = simple "not-this" { };
      hydraJobs = {
        x86_64-linux.hello = simple "hello" {
          value = dep.value;
          mine = self.own + self.sourceInfo.shortRev;
          rev = self.rev;
          text = builtins.readFile (plain + "/file");
          file = ./flake.nix;
          inputs = builtins.concatStringsSep " " (builtins.attrNames all);
          same = if dep.inputs.again.value == dep.value then "followed" else "";
          date = self.lastModifiedDate;
        };
        nested.deep.er = simple "deep" { };
        outside = simple "outside" { x = builtins.readFile /etc/hostname; };
      };
      own = "mine ";
    };
}
)";

class FlakeInputsTest : public FetchTest {
 protected:
  FlakeInputsTest() : http_({}, clock), top_(area.path() / "top"), dep_(area.path() / "dep") {
    options_.eval_store_root = area.path() / "eval";
    options_.fsync_metadata = false;
    options_.nix_eval_jobs_program = "";
    options_.restricted = true;
    dep_.write("sub/flake.nix",
               "{ outputs = { self, again ? null }: { value = \"of dep\"; }; inputs.again.url = "
               "\"x\"; }\n");
    dep_revision_ = dep_.commit("dep");
    grange::create_directories(area.path() / "plain");
    write_file(area.path() / "plain/file", "a text");
    lock_ = {{"version", 7},
             {"root", "root"},
             {"nodes",
              {{"root", {{"inputs", {{"dep", "dep"}, {"plain", "plain"}}}}},
               {"dep",
                {{"inputs", {{"again", nlohmann::json::array({"dep"})}}},
                 {"locked",
                  {{"type", "git"},
                   {"url", "file://" + (area.path() / "dep").string()},
                   {"rev", dep_revision_},
                   {"dir", "sub"},
                   {"narHash", hash_of(InputType::git, "dep")}}}}},
               {"plain",
                {{"flake", false},
                 {"locked",
                  {{"type", "path"},
                   {"path", (area.path() / "plain").string()},
                   {"narHash", hash_of(InputType::path, "plain")}}}}}}}};
    top_.write("flake.nix", kFlake);
    commit();
  }

  std::string hash_of(InputType type, const std::string& directory) {
    const InputFetcher fetcher(fetch, options_, runner, http_, clock);
    auto value = (area.path() / directory).string();
    if (type == InputType::path) value += " 0";
    const auto fetched = fetcher.fetch({{"x", type, value}}, {"x", "x"}, {});
    return fetched.inputs[0].nar_hash->to_string(HashFormat::sri);
  }
  void commit() {
    top_.write("flake.lock", lock_.dump());
    revision_ = top_.commit("top");
  }
  FetchedInputs get(const std::string& more = "?ref=main") {
    const InputFetcher fetcher(fetch, options_, runner, http_, clock);
    return fetcher.fetch_flake("git+file://" + top_.path().string() + more, {});
  }

  HttpClient http_;
  EvaluateOptions options_;
  GitWorkTree top_;
  GitWorkTree dep_;
  nlohmann::json lock_;
  std::string dep_revision_;
  std::string revision_;
};

TEST_F(FlakeInputsTest, AreThoseOfTheLockFile) {
  if (std::system("command -v nix > /dev/null") != 0) GTEST_SKIP() << "nix is not installed";
  const auto inputs = get();
  ASSERT_EQ(inputs.inputs.size(), 3U);
  EXPECT_EQ(inputs.inputs.back().name, "root");
  EXPECT_EQ(inputs.inputs.back().revision, revision_);
  EXPECT_EQ(inputs.inputs.front().revision, dep_revision_);
  CollectingSink sink;
  const auto summary =
      make_nix_evaluator(clock)->evaluate(jobset_selection(inputs), options_, sink, {});
  ASSERT_TRUE(summary.complete) << summary.problem;
  EXPECT_THAT(sink.targets, UnorderedElementsAre(Key("x86_64-linux.hello"), Key("nested.deep.er")));
  EXPECT_THAT(sink.errors.at("outside"), HasSubstr("forbidden in restricted mode"));
  const auto recipe =
      read_file(inputs.store->real_path(sink.targets.at("x86_64-linux.hello").derivation));
  EXPECT_THAT(
      recipe,
      AllOf(HasSubstr("(\"value\",\"of dep\")"),
            HasSubstr("(\"mine\",\"mine " + inputs.inputs.back().short_revision + "\")"),
            HasSubstr("(\"rev\",\"" + revision_ + "\")"), HasSubstr("(\"text\",\"a text\")"),
            HasSubstr("(\"same\",\"followed\")"), HasSubstr("(\"inputs\",\"dep plain self\")"),
            HasSubstr("(\"date\",\"20010909")));
}

TEST_F(FlakeInputsTest, HaveADigestThatChangesWithTheFlakeAlone) {
  const auto before = get().digest;
  EXPECT_EQ(get().digest, before);
  dep_.write("sub/flake.nix", "{ outputs = { self }: { }; }");
  dep_.commit("not what is locked");
  EXPECT_EQ(get().digest, before);
  top_.write("more", "");
  commit();
  EXPECT_NE(get().digest, before);
}

TEST_F(FlakeInputsTest, AreRefusedWhereTheyAreNotWhatIsLocked) {
  write_file(area.path() / "plain/file", "another text");
  EXPECT_THAT(message_of<InvalidError>([&] { get(); }), HasSubstr("input 'plain' is not what"));
  lock_["nodes"].erase("plain");
  lock_["nodes"]["root"]["inputs"].erase("plain");
  commit();
  const auto inputs = get();
  CollectingSink sink;
  EXPECT_THROW(make_nix_evaluator(clock)->evaluate(jobset_selection(inputs), options_, sink, {}),
               InvalidError);
  EXPECT_THAT(message_of<NotFoundError>([&] { get("?ref=main&dir=none"); }),
              HasSubstr("flake.nix"));
}

}  // namespace
}  // namespace grange
