#include "serve/reproduce.h"

#include <cstdio>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "store/ssh_command.h"

namespace grange {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Runs a command with sh; all that it writes, and at the end "exit N" where it fails.
std::string shell_output(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  char buffer[4096];
  for (std::size_t size = 0; (size = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
    text.append(buffer, size);
  }
  const int status = ::pclose(pipe);
  if (status != 0) text += "exit " + std::to_string(status);
  return text;
}

constexpr std::string_view kHostileTexts[] = {
    "",
    "plain",
    "'",
    "''",
    "'; touch pwned; '",
    "$(touch pwned)",
    "`touch pwned`",
    "a\nb\n",
    "\\",
    "\\'",
    "\"; touch pwned; \"",
    "${HOME}",
    "-rf",
    "# comment",
    "a\tb \\n %s %n",
    "!history",
    "*",
    "~",
    "\x01\x1b[31m\xff",
};

TEST(ShellWord, IsOneWordWhateverIsInIt) {
  for (const auto text : kHostileTexts) {
    const auto command = "set -- " + shell_word(text) + "; printf '%s:%s' $# \"$1\"";
    EXPECT_EQ(shell_output(command), "1:" + std::string(text)) << text;
  }
}

/// A directory with programs that stand for nix and git: they print what they are called with.
class ReproduceTest : public testing::Test {
 protected:
  ReproduceTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "reproduce.XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw UnavailableError("mkdtemp");
    directory_ = pattern;
    std::filesystem::create_directory(directory_ / "bin");
    std::filesystem::create_directory(directory_ / "stored");
    write_file(directory_ / "stored/release.nix", "{ }\n");
    program("nix-store", "echo '" + (directory_ / "stored").string() + "'");
    program("nix-instantiate", "echo /nix/store/x.drv");
    program("nix-build", "for word in \"$@\"; do printf '<%s>\\n' \"$word\"; done");
    program("git",
            "case \" $* \" in *' clone '*) for last in \"$@\"; do :; done; mkdir -p \"$last\";;"
            " *rev-list*) echo 7;; *describe*) echo v1;; *rev-parse*) echo abc;; esac\n"
            "printf '<%s>' \"$@\" >>'" +
                (directory_ / "git-calls").string() + "'");
    build_.build = 5;
    build_.source = "https://farm.example/build/5/reproduce";
    build_.job = "p:j:a";
    build_.system = "x86_64-linux";
    build_.derivation = "/nix/store/x.drv";
    build_.store_dir = "/nix/store";
    build_.expression_input = "src";
    build_.expression_path = "release.nix";
    build_.attribute_path = {"a", "b.c", "d\"e"};
    build_.inputs = {
        {"src", "git", "https://a.example/r main", "https://a.example/r", std::string(40, 'a'), ""},
    };
  }
  ~ReproduceTest() override {
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
  }

  void program(const std::string& name, const std::string& text) {
    write_file(directory_ / "bin" / name, "#!/bin/sh\n" + text + "\n", Durability::atomic, 0755);
  }

  /// What nix-build was called with, and everything that was said.
  std::string run(const std::string& words = {}) {
    write_file(directory_ / "script", reproduce_script(build_));
    return shell_output("cd '" + directory_.string() + "' && PATH='" + directory_.string() +
                        "/bin':\"$PATH\" GRANGE_REPRODUCE_DIR='" + directory_.string() +
                        "/work' sh script " + words + " 2>&1");
  }

  std::filesystem::path directory_;
  ReproducedBuild build_;
};

TEST_F(ReproduceTest, BuildsTheAttributeWithTheInputsAsHydraGivesThem) {
  build_.inputs.push_back({"text", "string", "a text", "", "", ""});
  build_.inputs.push_back({"flag", "boolean", "true", "", "", ""});
  build_.inputs.push_back({"systems", "nix", "[ \"x86_64-linux\" ]", "", "", ""});
  const auto said = run("--keep-failed");
  const auto stored = (directory_ / "stored").string();
  EXPECT_THAT(said, HasSubstr("<--keep-failed>\n<" + stored +
                              "/release.nix>\n<-A>\n<a.\"b.c\".\"d\\\"e\">\n<-I>\n<src=" + stored +
                              ">\n<--arg>\n<src>\n<{ outPath = builtins.storePath " + stored +
                              "; inputType = \"git\"; uri = \"https://a.example/r\"; rev = \"" +
                              std::string(40, 'a') +
                              "\"; revCount = 7; gitTag = \"v1\"; shortRev = \"abc\"; }>\n"
                              "<--argstr>\n<text>\n<a text>\n<--arg>\n<flag>\n<true>\n"
                              "<--arg>\n<systems>\n<[ \"x86_64-linux\" ]>\n"));
  EXPECT_THAT(said, HasSubstr("the derivation is the same"));
  EXPECT_THAT(said, HasSubstr("with Grange: grange build -f '" + stored + "/release.nix' '-A' "));
  const auto calls = shell_output("cat '" + (directory_ / "git-calls").string() + "'");
  EXPECT_THAT(calls, HasSubstr("<clone><-q><--no-checkout><--><https://a.example/r>"));
  EXPECT_THAT(calls, HasSubstr("<checkout><-q><--detach><" + std::string(40, 'a') + ">"));
}

TEST_F(ReproduceTest, SaysWhatDiffers) {
  build_.derivation = "/nix/store/other.drv";
  build_.inputs[0].store_path = "0-source";
  const auto said = run();
  EXPECT_THAT(said, HasSubstr("here, it was /nix/store/other.drv"));
  EXPECT_THAT(said, HasSubstr("here, it was /nix/store/0-source"));
}

TEST_F(ReproduceTest, APathMustBeHere) {
  build_.inputs.push_back({"here", "path", "/does/not/exist", "/does/not/exist", "", ""});
  const auto said = run();
  EXPECT_THAT(said, HasSubstr("must be here, too: /does/not/exist"));
  EXPECT_THAT(said, HasSubstr("exit "));
}

TEST_F(ReproduceTest, TextsOfOthersStayTexts) {
  std::size_t number = 0;
  for (const auto text : kHostileTexts) {
    const std::string hostile(text);
    const auto name = "i" + std::to_string(++number);
    build_.inputs.push_back({name, "string", hostile, "", "", ""});
    build_.inputs.push_back({name + "n", "nix", hostile, "", "", ""});
    build_.inputs.push_back({name + "g", "git", hostile, hostile, hostile, ""});
    build_.attribute_path = {"a", hostile};
    build_.job = "p:j:" + hostile;
    build_.system = hostile;
    build_.source = hostile;
    build_.derivation = "/nix/store/" + hostile;
  }
  const auto said = run();
  EXPECT_FALSE(std::filesystem::exists(directory_ / "pwned")) << said;
  EXPECT_THAT(said, Not(HasSubstr("exit ")));
  number = 0;
  for (const auto text : kHostileTexts) {
    const auto name = "i" + std::to_string(++number);
    EXPECT_THAT(said, HasSubstr("<--argstr>\n<" + name + ">\n<" + std::string(text) + ">\n"));
    EXPECT_THAT(said, HasSubstr("<--arg>\n<" + name + "n>\n<" + std::string(text) + ">\n"));
  }
}

TEST_F(ReproduceTest, WhatIsNoNameOfAnInputIsRefused) {
  build_.inputs.push_back({"../x", "string", "", "", "", ""});
  EXPECT_THROW(reproduce_script(build_), InvalidError);
  build_.inputs.back() = {"x", "string", std::string("a\0b", 3), "", "", ""};
  EXPECT_THROW(reproduce_script(build_), InvalidError);
}

}  // namespace
}  // namespace grange
