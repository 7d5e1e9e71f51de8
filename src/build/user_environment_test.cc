#include "build/user_environment.h"

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "build/test_support.h"

namespace grange {
namespace {

/// Packages in a store that is elsewhere than its paths say.
class EnvironmentTest : public testing::Test {
 protected:
  EnvironmentTest() : location_(StoreLocation::at_root(directory_.path())) {
    std::filesystem::create_directories(location_.real_store);
  }

  /// Adds a package; values that begin with '>' are symlinks.
  std::string package(char digit, const std::map<std::string, std::string>& files,
                      bool visible = true) {
    const auto path = repeated_path(digit, "package");
    if (visible) visible_.insert(path);
    const auto root = location_.real_store / path.base_name();
    std::filesystem::create_directories(root);
    for (const auto& [name, content] : files) {
      std::filesystem::create_directories((root / name).parent_path());
      if (content.starts_with('>')) {
        std::filesystem::create_symlink(content.substr(1), root / name);
      } else {
        write_file(root / name, content);
      }
    }
    return StoreDir::nix().print(path);
  }

  std::map<std::string, std::string> merge(std::vector<EnvironmentPackage> packages) {
    const VisibleFiles files(location_, visible_);
    UserEnvironment environment(
        files, [this](const std::string& line) { reported_ += line + "\n"; }, [] {});
    environment.add(std::move(packages));
    std::map<std::string, std::string> links;
    list(environment.root(), "", links);
    return links;
  }

  std::string refused(std::vector<EnvironmentPackage> packages) {
    try {
      merge(std::move(packages));
    } catch (const InvalidError& error) {
      return error.what();
    }
    return "no error";
  }

  static void list(const UserEnvironment::Directory& directory, const std::string& name,
                   std::map<std::string, std::string>& links) {
    for (const auto& [entry, what] : directory.entries) {
      if (what.link) links.emplace(name + entry, what.link->target);
      if (what.directory) list(*what.directory, name + entry + "/", links);
    }
  }

  TemporaryDirectory directory_;
  StoreLocation location_;
  std::set<StorePath> visible_;
  std::string reported_;
};

using Links = std::map<std::string, std::string>;

TEST_F(EnvironmentTest, DirectoriesOfSeveralPackagesAreMerged) {
  const auto a = package('a', {{"bin/a", ""}, {"share/doc/a/text", ""}, {"lib/x", ""}});
  const auto b = package('b', {{"bin/b", ""}, {"share/doc/b", ""}});
  EXPECT_EQ(merge({{a, true, 5}, {b, true, 5}}), (Links{{"bin/a", a + "/bin/a"},
                                                        {"bin/b", b + "/bin/b"},
                                                        {"lib", a + "/lib"},
                                                        {"share/doc/a", a + "/share/doc/a"},
                                                        {"share/doc/b", b + "/share/doc/b"}}));
}

TEST_F(EnvironmentTest, TheLowerPriorityWins) {
  const auto a = package('a', {{"bin/x", ""}, {"bin/a", ""}});
  const auto b = package('b', {{"bin/x", ""}, {"bin/b", ""}});
  EXPECT_EQ(merge({{a, true, 6}, {b, true, 5}})["bin/x"], b + "/bin/x");
  EXPECT_EQ(merge({{a, true, 5}, {b, true, 6}})["bin/x"], a + "/bin/x");
  EXPECT_EQ(merge({{a, false, 5}, {b, true, 5}})["bin"], b + "/bin");
  EXPECT_NE(refused({{a, true, 5}, {b, true, 5}}).find("the same priority 5"), std::string::npos);
  EXPECT_EQ(merge({{a, true, 5}, {a, true, 5}}).size(), 1U) << "the same package twice";
}

TEST_F(EnvironmentTest, SomeFilesAreLeftOut) {
  const auto a = package('a', {{"nix-support/x", ""},
                               {"manifest.nix", ""},
                               {"manifest.json", ""},
                               {".hidden", ""},
                               {"log", ""},
                               {"share/info/dir", ""},
                               {"share/info/a.info", ""},
                               {"lib/perllocal.pod", ""},
                               {"propagated-build-inputs", ""},
                               {"dangling", ">nowhere"},
                               {"null", ">/dev/null"},
                               {"secret", ">/etc/shadow"}});
  const auto b = package('b', {{"share/info/b.info", ""}, {"lib/b", ""}});
  EXPECT_EQ(merge({{a, true, 5}, {b, true, 5}}),
            (Links{{"lib/b", b + "/lib/b"},
                   {"null", a + "/null"},
                   {"share/info/a.info", a + "/share/info/a.info"},
                   {"share/info/b.info", b + "/share/info/b.info"}}));
  EXPECT_NE(reported_.find("skipping dangling symlink '" + a + "/dangling'"), std::string::npos);
  EXPECT_NE(reported_.find("secret"), std::string::npos) << "this machine's files are not seen";
}

TEST_F(EnvironmentTest, SymlinksLeadToLogicalPaths) {
  const auto a = package('a', {{"bin/a", ""}});
  const auto b = package('b', {{"bin", ">" + a + "/bin"}});
  const auto c = package('c', {{"bin/c", ""}});
  EXPECT_EQ(merge({{b, true, 5}}), (Links{{"bin", b + "/bin"}}));
  EXPECT_EQ(merge({{b, true, 5}, {c, true, 5}}),
            (Links{{"bin/a", a + "/bin/a"}, {"bin/c", c + "/bin/c"}}));
  const auto hidden = package('d', {{"bin/d", ""}}, false);
  const auto e = package('f', {{"bin", ">" + hidden + "/bin"}});
  EXPECT_TRUE(merge({{e, true, 5}}).empty()) << "only inputs are there";
}

TEST_F(EnvironmentTest, WhatIsPropagatedComesLast) {
  const auto c = package('c', {{"bin/x", ""}, {"bin/c", ""}});
  const auto b = package('b', {{"bin/b", ""}, {"nix-support/propagated-user-env-packages", c}});
  const auto a = package(
      'a', {{"bin/x", ""}, {"nix-support/propagated-user-env-packages", b + "\n" + c + " "}});
  EXPECT_EQ(merge({{a, true, 999999}}),
            (Links{{"bin/b", b + "/bin/b"}, {"bin/c", c + "/bin/c"}, {"bin/x", c + "/bin/x"}}));
  EXPECT_EQ(merge({{a, true, 5}})["bin/x"], a + "/bin/x");
}

TEST_F(EnvironmentTest, Collisions) {
  const auto a = package('a', {{"x/y", ""}, {"z/1", ""}});
  const auto b = package('b', {{"x", ""}, {"z/2", ""}});
  EXPECT_NE(refused({{b, true, 1}, {a, true, 5}}).find("and non-directory '" + b + "/x'"),
            std::string::npos);
  const auto c = package('c', {{"z", ""}});
  EXPECT_NE(refused({{a, true, 1}, {package('d', {{"z/2", ""}}), true, 2}, {c, true, 3}})
                .find("collision between non-directory '" + c + "/z'"),
            std::string::npos);
  EXPECT_NE(refused({{"/nix/store/none", true, 1}}).find("is not there"), std::string::npos);
  EXPECT_NE(refused({{"relative", true, 1}}).find("not an absolute path"), std::string::npos);
}

TEST_F(EnvironmentTest, LoopsEnd) {
  const auto a = package('a', {{"loop", ">."}, {"self", ">self"}});
  EXPECT_NE(refused({{a, true, 1}}).find("too many symlinks"), std::string::npos);
  const auto b = package('b', {{"loop", ">."}});
  const auto c = package('c', {{"loop", ">../" + b.substr(b.rfind('/') + 1)}});
  EXPECT_NE(refused({{b, true, 1}, {c, true, 2}}).find("nested too deep"), std::string::npos);
}

TEST_F(EnvironmentTest, AFileIsNoPackage) {
  const auto a = package('a', {{"bin/a", ""}});
  EXPECT_TRUE(merge({{a + "/bin/a", true, 1}}).empty());
  EXPECT_NE(reported_.find("it is not a directory"), std::string::npos);
}

TEST_F(EnvironmentTest, OnDisk) {
  const auto a = package('a', {{"bin/a", ""}});
  const auto b = package('b', {{"bin/b", ""}});
  const VisibleFiles files(location_, visible_);
  UserEnvironment environment(
      files, [](const std::string&) {}, [] {});
  environment.add({{a, true, 5}, {b, true, 5}});
  const auto to = directory_.path() / "made";
  write_environment(environment.root(), to);
  EXPECT_EQ(std::filesystem::read_symlink(to / "bin/a"), a + "/bin/a");
  EXPECT_TRUE(std::filesystem::is_directory(to / "bin"));
}

TEST(EnvironmentPackages, Words) {
  const auto packages = parse_environment_packages("true 5 2 /a /b false -1 1 /c  x 0 0");
  ASSERT_EQ(packages.size(), 3U);
  EXPECT_EQ(packages[1].path, "/b");
  EXPECT_EQ(packages[1].priority, 5);
  EXPECT_FALSE(packages[2].active);
  EXPECT_EQ(packages[2].priority, -1);
  for (const auto* text : {"true", "true 5", "true x 1 /a", "true 5 2 /a", "true 5 1x /a"}) {
    EXPECT_THROW(parse_environment_packages(text), InvalidError) << text;
  }
}

}  // namespace
}  // namespace grange
