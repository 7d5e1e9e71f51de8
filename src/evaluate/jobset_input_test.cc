#include "evaluate/jobset_input.h"

#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

using testing::HasSubstr;

constexpr const char* kRevision = "0123456789abcdef0123456789ABCDEF01234567";

GitInput git_of(const std::string& value) {
  return std::get<GitInput>(parse_input({"src", InputType::git, value}).value);
}

std::string refusal_of(InputType type, const std::string& value) {
  try {
    parse_input({"src", type, value});
  } catch (const InvalidError& error) {
    return error.what();
  }
  return "";
}

TEST(JobsetInput, ReadsGitAsHydraWritesIt) {
  const auto plain = git_of("https://example.org/a/b.git");
  EXPECT_EQ(plain.uri, "https://example.org/a/b.git");
  EXPECT_FALSE(plain.reference || plain.revision || plain.deep_clone || plain.submodules);
  EXPECT_FALSE(plain.local || plain.timeout);

  EXPECT_EQ(git_of("git://h/r release-1.0").reference, "release-1.0");
  EXPECT_EQ(git_of(std::string("ssh://git@h/r ") + kRevision).revision,
            "0123456789abcdef0123456789abcdef01234567");
  const auto all = git_of("/srv/r  main deepclone submodules timeout=7 fallback_branch=dev");
  EXPECT_EQ(all.uri, "/srv/r");
  EXPECT_TRUE(all.local && all.deep_clone && all.submodules);
  EXPECT_EQ(all.reference, "main");
  EXPECT_EQ(all.timeout, Seconds(7));
  EXPECT_EQ(all.fallback_branch, "dev");
  EXPECT_EQ(git_of("file:///srv/r ref=refs/pull/1/head").reference, "refs/pull/1/head");
  const auto both = git_of(std::string("/srv/r ") + kRevision + " ref=main");
  EXPECT_TRUE(both.revision && both.reference == "main");
  EXPECT_EQ(git_of(std::string(64, 'a').insert(0, "/r ")).revision, std::string(64, 'a'));
}

TEST(JobsetInput, ShowsNoCredentials) {
  const auto git = git_of("https://user:secret@example.org/r?token=hidden");
  EXPECT_EQ(git.shown_uri, "https://example.org/r");
  EXPECT_THAT(git.uri, HasSubstr("secret"));
}

TEST(JobsetInput, RefusesWhatGitWouldTakeForSomethingElse) {
  for (const auto* value : {"",
                            " ",
                            "--upload-pack=touch",
                            "-x",
                            "ext::sh -c touch",
                            "fd::17",
                            "https::/x",
                            "host:path",
                            "git@host:path",
                            "relative/path",
                            "ftp://h/r",
                            "ext://h/r",
                            "file://host/r",
                            "ssh://-oProxyCommand=x/r",
                            "ssh://-x@h/r",
                            "https:///r",
                            "/srv/a\nb",
                            "/srv/a\x7f",
                            "https://h/r -b",
                            "https://h/r a..b",
                            "https://h/r /main",
                            "https://h/r a b",
                            "https://h/r main ref=x",
                            "https://h/r a.lock",
                            "https://h/r a^",
                            "https://h/r @",
                            "https://h/r timeout=",
                            "https://h/r timeout=0",
                            "https://h/r timeout=1e9",
                            "https://h/r timeout=99999999",
                            "https://h/r ref=",
                            "file:///a%0ab",
                            "/srv/\xff"}) {
    const auto message = refusal_of(InputType::git, value);
    EXPECT_THAT(message, HasSubstr("input 'src'")) << value;
  }
  EXPECT_THAT(refusal_of(InputType::git, "https://h/r main depth=1"),
              testing::AllOf(HasSubstr("options"), HasSubstr("depth=1")));
  EXPECT_THAT(refusal_of(InputType::git, "git@host:path"), HasSubstr("ssh://USER@HOST/PATH"));
}

TEST(JobsetInput, PrintsAValueThatReadsAsTheSame) {
  for (const auto* value : {"/srv//r/../r/ main", "HTTPS://H/r deepClone submodules timeout=9",
                            "file:///srv/a%20b fallback_branch=x ref=refs/tags/v1"}) {
    const auto git = git_of(value);
    EXPECT_EQ(git_of(git.to_value()), git) << value;
  }
}

TEST(JobsetInput, ReadsPaths) {
  const auto path = std::get<PathInput>(parse_input({"p", InputType::path, "/a/./b/ 5"}).value);
  EXPECT_EQ(path.path, "/a/b");
  EXPECT_EQ(path.validity, Seconds(5));
  const auto url = std::get<PathInput>(parse_input({"p", InputType::path, "file:///a%20b"}).value);
  EXPECT_EQ(url.path, "/a b");
  EXPECT_EQ(url.validity, Seconds(30));
  for (const auto* value : {"", "a/b", "https://h/a", "/a b c", "/a x", "/a -1", "file://h/a"}) {
    EXPECT_NE(refusal_of(InputType::path, value), "") << value;
  }
}

TEST(JobsetInput, ReadsTarballs) {
  const auto value = parse_input({"t", InputType::tarball, "https://h/a.tar.gz?x=1"}).value;
  EXPECT_EQ(std::get<TarballInput>(value).url.host(), "h");
  for (const auto* bad : {"", "/a.tar", "ftp://h/a", "https://h/a b", "file://h/a"}) {
    EXPECT_NE(refusal_of(InputType::tarball, bad), "") << bad;
  }
}

TEST(JobsetInput, ReadsTexts) {
  EXPECT_EQ(std::get<StringInput>(parse_input({"s", InputType::string, " a\nb "}).value).text,
            " a\nb ");
  EXPECT_TRUE(std::get<BooleanInput>(parse_input({"b", InputType::boolean, "true"}).value).value);
  EXPECT_EQ(parse_input({"n", InputType::nix, "[ 1 ]"}).type(), InputType::nix);
  EXPECT_THAT(refusal_of(InputType::boolean, "yes"),
              testing::AllOf(HasSubstr("true or false"), HasSubstr("got 'yes'")));
  EXPECT_NE(refusal_of(InputType::nix, " \n"), "");
  EXPECT_NE(refusal_of(InputType::string, std::string(1, '\0')), "");
  EXPECT_NE(refusal_of(InputType::string, "\xff"), "");
  EXPECT_THAT(refusal_of(InputType::nix, std::string(kLongestInputText + 1, '1')),
              HasSubstr("at most"));
}

TEST(JobsetInput, NamesAreHydras) {
  for (const auto* name : {"a", "nixpkgs", "A-b_3"}) EXPECT_TRUE(is_input_name(name)) << name;
  for (const auto* name : {"", "3a", "-a", "_a", "a b", "a=b", "a.b", "\xc3\xa4"}) {
    EXPECT_FALSE(is_input_name(name)) << name;
    EXPECT_THROW(parse_input({name, InputType::string, ""}), InvalidError);
  }
  EXPECT_FALSE(is_input_name(std::string(256, 'a')));
}

TEST(JobsetInput, KnowsItsTypes) {
  for (const auto type : {InputType::git, InputType::path, InputType::tarball, InputType::string,
                          InputType::boolean, InputType::nix}) {
    EXPECT_EQ(parse_input_type(to_string(type)), type);
  }
  EXPECT_THROW(parse_input_type("svn"), InvalidError);
}

}  // namespace
}  // namespace grange
