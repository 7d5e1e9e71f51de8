#include "evaluate/flake_reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "evaluate/flake_lock.h"

namespace grange {
namespace {

using testing::HasSubstr;

constexpr const char* kSomeRevision = "79ba58a356fcd6542827c6cf39d00c3543e8e7c2";
constexpr const char* kSomeHash = "sha256-+vAypBR1OmeuTOTRe6Tc2TD8kHx1jmmKp4Ryq5zjpuw=";

FlakeReference flake(const std::string& url) {
  return parse_flake_reference("root", url);
}

std::string flake_refusal(const std::string& url) {
  try {
    flake(url);
  } catch (const InvalidError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(FlakeReference, IsAnInput) {
  const auto git = [](const std::string& value) {
    return FlakeReference{{"root", InputType::git, value}, ""};
  };
  EXPECT_EQ(flake("git+https://example.org/r.git"), git("https://example.org/r.git"));
  EXPECT_EQ(flake("git+file:///r?ref=main&submodules=1"), git("file:///r ref=main submodules"));
  const std::string revision = kSomeRevision;
  EXPECT_EQ(flake("git+ssh://git@example.org/r?rev=" + revision + "&ref=x"),
            git("ssh://git@example.org/r " + revision + " ref=x"));
  EXPECT_EQ(
      flake("git+https://example.org/r?token=x&dir=a/b&ref=main"),
      (FlakeReference{{"root", InputType::git, "https://example.org/r?token=x ref=main"}, "a/b"}));
  EXPECT_EQ(flake("github:o/r"), git("https://github.com/o/r.git"));
  EXPECT_EQ(flake("github:o/r/feature/x"), git("https://github.com/o/r.git ref=feature/x"));
  EXPECT_EQ(flake("github:o/r/" + revision + "?host=ghe.example.org"),
            git("https://ghe.example.org/o/r.git " + revision));
  EXPECT_EQ(flake("sourcehut:~o/r"), git("https://git.sr.ht/~o/r"));
  EXPECT_EQ(flake("path:/some/where?dir=sub"),
            (FlakeReference{{"root", InputType::path, "/some/where 0"}, "sub"}));
  EXPECT_EQ(flake("/some/where").input.value, "/some/where 0");
  EXPECT_EQ(flake("https://example.org/x.tar.gz").input.type, InputType::tarball);
  EXPECT_EQ(flake("tarball+file:///x.tar.gz?dir=d").input.value, "file:///x.tar.gz");
  EXPECT_EQ(flake_repository("github:o/r"), "https://github.com/o/r.git");
  EXPECT_EQ(flake_repository("path:/x"), "");
  EXPECT_EQ(flake_repository("nonsense"), "");
}

TEST(FlakeReference, IsRefused) {
  EXPECT_THAT(flake_refusal("nixpkgs"), HasSubstr("specified one that begins with git+https"));
  EXPECT_THAT(flake_refusal(""), HasSubstr("complete"));
  EXPECT_THAT(flake_refusal("github:o/r x"), HasSubstr("without spaces"));
  EXPECT_THAT(flake_refusal("github:o/r#hello"), HasSubstr("'#'"));
  EXPECT_THAT(flake_refusal("github:o"), HasSubstr("OWNER/REPOSITORY"));
  EXPECT_THAT(flake_refusal("github:o/r/x?ref=y"), HasSubstr("twice"));
  EXPECT_THAT(flake_refusal("path:/x?dir=../y"), HasSubstr("without '..'"));
  EXPECT_THAT(flake_refusal("path:../y"), HasSubstr("absolute path"));
  EXPECT_THAT(flake_refusal("git+ext::sh -c"), HasSubstr("without spaces"));
  EXPECT_THAT(flake_refusal("git+ext::sh"), HasSubstr("URI"));
  EXPECT_THAT(flake_refusal("git+https://example.org/r?rev=12"), HasSubstr("hexadecimal"));
  EXPECT_THAT(flake_refusal("git+https://example.org/r?ref=--x"), HasSubstr("ref"));
}

FlakeLock lock_with(const std::string& locked, const std::string& more = "") {
  return parse_flake_lock(R"({"version": 7, "root": "root", "nodes": {"root": {"inputs":
      {"a": "a", "b": ["a", "c"]}}, "a": {"inputs": {"c": "a"}, "flake": false, "locked": )" +
                          locked + "}" + more + "}}");
}

TEST(FlakeLock, NamesWhatIsLocked) {
  const std::string revision = kSomeRevision;
  const auto lock =
      lock_with(R"({"type": "github", "owner": "o", "repo": "r", "rev": ")" + revision +
                R"(", "dir": "d", "lastModified": 7, "narHash": ")" + kSomeHash + "\"}");
  const auto& node = lock.nodes.at("a");
  EXPECT_EQ(node.source->input.type, InputType::tarball);
  EXPECT_EQ(node.source->input.value, "https://github.com/o/r/archive/" + revision + ".tar.gz");
  EXPECT_EQ(node.source->directory, "d");
  EXPECT_EQ(node.nar_hash->to_string(HashFormat::sri), kSomeHash);
  EXPECT_EQ(node.last_modified, 7U);
  EXPECT_FALSE(node.is_flake);
  EXPECT_EQ(std::get<std::vector<std::string>>(lock.nodes.at("root").inputs.at("b")).size(), 2U);
  const auto git = lock_with(R"({"type": "git", "url": "https://example.org/r", "ref": "main",
      "rev": ")" + revision + R"(", "narHash": ")" +
                             kSomeHash + "\"}");
  EXPECT_EQ(git.nodes.at("a").source->input.value, "https://example.org/r " + revision);
}

TEST(FlakeLock, IsRefusedWhereItSaysSomethingElse) {
  const auto hash = std::string(R"(, "narHash": ")") + kSomeHash + "\"}";
  EXPECT_THROW(parse_flake_lock("{"), InvalidError);
  EXPECT_THROW(parse_flake_lock("{}"), InvalidError);
  EXPECT_THROW(parse_flake_lock(R"({"version": 8, "root": "root", "nodes": {"root": {}}})"),
               InvalidError);
  EXPECT_THROW(parse_flake_lock(R"({"version": 7, "root": "r", "nodes": {"root": {}}})"),
               InvalidError);
  EXPECT_NO_THROW(parse_flake_lock(R"({"version": 7, "root": "root", "nodes": {"root": {}}})"));
  EXPECT_NO_THROW(lock_with(R"({"type": "path", "path": "/x")" + hash));
  EXPECT_THROW(lock_with(R"({"type": "path", "path": "./x")" + hash), InvalidError);
  EXPECT_THROW(lock_with(R"({"type": "path", "path": "/x"})"), InvalidError);
  EXPECT_THROW(lock_with(R"({"type": "git", "url": "https://example.org/r")" + hash), InvalidError);
  EXPECT_THROW(lock_with(R"({"type": "indirect", "id": "nixpkgs")" + hash), InvalidError);
  EXPECT_THROW(lock_with("7"), InvalidError);
  EXPECT_THROW(
      lock_with(R"({"type": "path", "path": "/x")" + hash, R"(, "z": {"inputs": {"q": "none"}})"),
      InvalidError);
}

}  // namespace
}  // namespace grange
