#include "farm/git_repository.h"

#include <algorithm>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "farm/git_test_support.h"

namespace grange {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::string change_of(TestRepository& git, const std::optional<std::string>& file = {}) {
  return git.open().find_change(file).value_or("");
}

TEST(GitRepository, IsFoundFromAnyDirectoryOfIt) {
  TestRepository git;
  grange::create_directories(git.path() / "pkgs/top");
  auto found = GitRepository::find(git.path() / "pkgs/top", git.runner, {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->prefix(), "pkgs/top/");
  EXPECT_FALSE(found->is_shallow());
  EXPECT_EQ(git.open().prefix(), "");
  EXPECT_EQ(git.open().head(), std::nullopt);
  const TemporaryDirectory elsewhere;
  EXPECT_FALSE(GitRepository::find(elsewhere.path(), git.runner, {}));
  // Without a work tree nothing is checked out.
  EXPECT_FALSE(GitRepository::find(git.path() / ".git", git.runner, {}));
}

TEST(GitRepository, SeesEveryChangeOfTheWorkTree) {
  TestRepository git;
  git.write(".gitignore", "ignored.nix\n");
  git.commit("default.nix");
  EXPECT_EQ(change_of(git, "default.nix"), "");
  git.write("ignored.nix", "");
  EXPECT_EQ(change_of(git), "");
  EXPECT_EQ(change_of(git, "ignored.nix"), "'ignored.nix' is not tracked");
  EXPECT_EQ(change_of(git, "*.nix"), "'*.nix' is not tracked") << "no pattern";
  git.write("new.nix", "");
  // The configuration hides nothing.
  git.git({"config", "status.showUntrackedFiles", "no"});
  EXPECT_EQ(change_of(git), "'new.nix' is not tracked");
  git.git({"add", "new.nix"});
  EXPECT_EQ(change_of(git), "'new.nix' is changed");
  git.commit("other");
  git.write("default.nix", "changed");
  EXPECT_EQ(change_of(git), "'default.nix' is changed");
  // Wherever in the repository it is asked from.
  grange::create_directories(git.path() / "sub");
  EXPECT_TRUE(GitRepository::find(git.path() / "sub", git.runner, {})->find_change({}));
}

TEST(GitRepository, ResolvesRevisionsAndNeverTakesThemForOptions) {
  TestRepository git;
  const auto first = git.commit("a");
  const auto second = git.commit("b");
  git.git({"branch", "old", first.str()});
  git.git({"update-ref", "refs/remotes/origin/theirs", first.str()});
  const auto repository = git.open();
  EXPECT_EQ(repository.resolve("HEAD~1"), first);
  EXPECT_EQ(repository.resolve("old"), first);
  EXPECT_EQ(repository.resolve(second.str().substr(0, 10)), second);
  EXPECT_EQ(repository.resolve("theirs"), std::nullopt);
  EXPECT_EQ(repository.resolve_any("theirs"), first);
  EXPECT_EQ(repository.resolve_branch("origin/theirs"), first);
  for (const auto* wrong :
       {"", "--all", "-h", "--git-dir", "no such", "HEAD..old", "HEAD:a", "\n"}) {
    EXPECT_EQ(repository.resolve(wrong), std::nullopt) << wrong;
    EXPECT_EQ(repository.resolve_any(wrong), std::nullopt) << wrong;
  }
  // The full name of a commit is never a branch that somebody gave that name.
  git.git({"update-ref", "refs/heads/" + first.str(), second.str()});
  EXPECT_EQ(repository.resolve_any(first.str()), first);
}

TEST(GitRepository, FindsTheDefaultBranchOfOriginFirst) {
  TestRepository git;
  const auto first = git.commit("a");
  const auto second = git.commit("b");
  const auto found = [&](const std::string& named = "") {
    const auto branch = git.open().default_branch(named);
    return branch ? branch->name + " " + (branch->commit == first ? "1" : "2") : "";
  };
  EXPECT_EQ(found(), "main 2");
  git.git({"branch", "--move", "work"});
  EXPECT_EQ(found(), "");
  git.git({"branch", "master", first.str()});
  EXPECT_EQ(found(), "master 1");
  git.git({"branch", "main"});
  EXPECT_EQ(found(), "main 2");
  git.git({"update-ref", "refs/remotes/origin/master", first.str()});
  EXPECT_EQ(found(), "origin/master 1") << "a local branch may be anybody's";
  git.git({"update-ref", "refs/remotes/origin/trunk", second.str()});
  git.git({"symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"});
  EXPECT_EQ(found(), "origin/HEAD 2");
  EXPECT_EQ(found("master"), "master 1");
  EXPECT_EQ(found("origin/master"), "origin/master 1");
  EXPECT_EQ(found("work"), "work 2");
  EXPECT_THROW(found("nothing"), NotFoundError);
}

TEST(GitRepository, WalksHistoryNearestFirst) {
  TestRepository git;
  const auto root = git.commit("root");
  git.git({"checkout", "--quiet", "-b", "side"});
  const auto side1 = git.commit("side1");
  const auto side2 = git.commit("side2");
  git.git({"checkout", "--quiet", "main"});
  const auto main1 = git.commit("main1");
  const auto merged = git.merge("side");
  const auto repository = git.open();
  EXPECT_THAT(repository.ancestors({&merged, 1}, 100),
              ElementsAre(merged, main1, side2, root, side1));
  EXPECT_THAT(repository.ancestors({&merged, 1}, 2), ElementsAre(merged, main1));
  EXPECT_TRUE(repository.ancestors({}, 2).empty());
  EXPECT_TRUE(repository.contains(merged, side1));
  EXPECT_TRUE(repository.contains(merged, merged));
  EXPECT_FALSE(repository.contains(main1, side1));
  EXPECT_FALSE(repository.contains(main1, CommitId::parse(std::string(40, 'a'))));
  EXPECT_EQ(to_unix(repository.commit_time(root)), 1'000'000'060);
}

TEST(GitRepository, FindsEveryMergeBase) {
  TestRepository git;
  git.commit("root");
  git.git({"checkout", "--quiet", "-b", "side"});
  const auto side1 = git.commit("side1");
  git.git({"checkout", "--quiet", "main"});
  const auto main1 = git.commit("main1");
  // Criss-cross: each merges what the other was.
  git.git({"checkout", "--quiet", "-b", "keep"});
  const auto merged_main = git.merge("side");
  git.git({"checkout", "--quiet", "side"});
  git.git({"branch", "--force", "main", merged_main.str()});
  const auto merged_side = git.merge(main1.str());
  const auto repository = git.open();
  EXPECT_THAT(repository.merge_bases(merged_main, merged_side), UnorderedElementsAre(main1, side1));
  EXPECT_THAT(repository.merge_bases(main1, merged_main), ElementsAre(main1));
  git.git({"checkout", "--quiet", "--orphan", "alone"});
  const auto alone = git.commit("alone");
  EXPECT_THAT(repository.merge_bases(alone, main1), ElementsAre());
}

TEST(GitRepository, AHooksVariablesLeadToNoOtherRepository) {
  TestRepository git, other;
  git.commit("a");
  const auto head = git.head();
  other.commit("b");
  ::setenv("GIT_DIR", (other.path() / ".git").c_str(), 1);
  ::setenv("GIT_WORK_TREE", other.path().c_str(), 1);
  const auto found = git.open().head();
  ::unsetenv("GIT_DIR");
  ::unsetenv("GIT_WORK_TREE");
  EXPECT_EQ(found, head);
}

TEST(GitProgram, AsksForNothingAndRunsNothing) {
  FakeRunner fake;
  fake.answer.standard_output = "true\nfalse\n\n";
  ASSERT_TRUE(GitRepository::find("/some/where", fake, {}));
  const auto& call = fake.asked.front();
  EXPECT_EQ(call.arguments.front(), "git");
  EXPECT_EQ(call.working_directory, "/some/where");
  EXPECT_THAT(call.arguments, Contains("--no-pager"));
  EXPECT_THAT(call.arguments, Contains("core.hooksPath=/dev/null"));
  EXPECT_THAT(call.arguments, Contains("core.fsmonitor=false"));
  EXPECT_THAT(*call.environment, Contains("GIT_TERMINAL_PROMPT=0"));
  EXPECT_THAT(*call.environment, Contains("GIT_OPTIONAL_LOCKS=0"));
  EXPECT_THAT(*call.environment, Contains("GIT_NO_REPLACE_OBJECTS=1"));
  EXPECT_GT(fake.timeouts.front().count(), 0);
}

TEST(GitProgram, SaysWhatToDoAboutAnotherUsersRepository) {
  FakeRunner fake;
  fake.answer.status.code = 128;
  fake.answer.standard_error = "fatal: detected dubious ownership in repository at '/x'\n";
  try {
    GitRepository::find("/x", fake, {});
    FAIL() << "accepted";
  } catch (const DeniedError& error) {
    EXPECT_THAT(error.what(), HasSubstr("safe.directory"));
    EXPECT_THAT(error.what(), HasSubstr("'/x'"));
  }
}

TEST(GitProgram, TellsWhatGitSaid) {
  FakeRunner fake;
  fake.answer.standard_output = "true\nfalse\n\n";
  const auto repository = GitRepository::find("/x", fake, {});
  fake.answer = {};
  fake.answer.status.code = 128;
  fake.answer.standard_error = "fatal: bad object\nhint: \033[1mno\n";
  try {
    repository->find_change({});
    FAIL() << "accepted";
  } catch (const UnavailableError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'git status' in '/x'"));
    EXPECT_THAT(error.what(), HasSubstr("fatal: bad object; hint: "));
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("\033")));
  }
  fake.answer.standard_error = "fatal: unable to read tree\n";
  EXPECT_THROW(GitRepository::find("/x", fake, {}), UnavailableError);
  fake.answer = {};
  fake.answer.standard_output = "true\n";
  EXPECT_THROW(GitRepository::find("/x", fake, {}), InvalidError);
}

TEST(CommitId, IsAFullName) {
  EXPECT_EQ(CommitId::parse(std::string(40, 'a')).short_str(), "aaaaaaaa");
  EXPECT_TRUE(CommitId::try_parse(std::string(64, '0')));
  for (const auto& wrong : {std::string(39, 'a'), std::string(40, 'A'), std::string(40, 'g'),
                            std::string(), "-" + std::string(39, 'a')}) {
    EXPECT_THROW(CommitId::parse(wrong), InvalidError) << wrong;
  }
}

}  // namespace
}  // namespace grange
