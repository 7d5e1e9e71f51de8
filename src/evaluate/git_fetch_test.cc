#include "evaluate/git_fetch.h"

#include <chrono>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "evaluate/input_history.h"
#include "evaluate/testing_git.h"

namespace grange {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class GitFetchTest : public FetchTest {
 protected:
  GitFetchTest() : repository_(area.path() / "repository") {
    repository_.write("a.txt", "one\n");
    first_ = repository_.commit("first");
  }

  GitInput input(const std::string& rest = "") {
    return std::get<GitInput>(
        parse_input({"src", InputType::git, repository_.path().string() + " " + rest}).value);
  }
  FetchedGit get(const std::string& rest = "") { return get(input(rest)); }
  FetchedGit get(const GitInput& input, const std::stop_token& stop = {}) {
    const FetchSpace space(fetch, runner, clock);
    const FetchRun run(space, input.timeout.value_or(fetch.timeout), stop);
    return fetch_git(input, run, KnownTrees(space, store()));
  }
  InputHistory history(const std::string& revision, const std::optional<std::string>& since,
                       std::size_t limit = 100) {
    const FetchSpace space(fetch, runner, clock);
    const FetchRun run(space, fetch.timeout, {});
    return read_history(input(), revision, since, limit, run);
  }

  GitWorkTree repository_;
  std::string first_;
};

TEST_F(GitFetchTest, PutsARevisionIntoTheStore) {
  repository_.write("dir/run.sh", "#!/bin/sh\n");
  std::filesystem::permissions(repository_.path() / "dir/run.sh",
                               std::filesystem::perms::owner_all);
  std::filesystem::create_symlink("a.txt", repository_.path() / "link");
  const auto second = repository_.commit("second");
  const auto git = get();
  EXPECT_EQ(git.revision, second);
  EXPECT_EQ(git.reference, "refs/heads/main");
  EXPECT_EQ(git.revision_count, 2U);
  EXPECT_EQ(git.short_revision, second.substr(0, 7));
  EXPECT_EQ(git.tag, git.short_revision);
  EXPECT_EQ(git.path.name(), "source");
  const auto place = store().real_path(git.path);
  EXPECT_EQ(file_in(git.path, "a.txt"), "one\n");
  EXPECT_EQ(std::filesystem::read_symlink(place / "link"), "a.txt");
  EXPECT_EQ(::access((place / "dir/run.sh").c_str(), X_OK), 0);
  EXPECT_FALSE(std::filesystem::exists(place / ".git"));
  ASSERT_TRUE(store().path_info(git.path)->content_address);
  // The same tree as the files have by themselves.
  std::filesystem::remove_all(repository_.path() / ".git");
  EXPECT_EQ(store().add_tree(repository_.path(), "source",
                             {ContentMethod::recursive, HashAlgorithm::sha256}),
            git.path);
}

TEST_F(GitFetchTest, FollowsABranch) {
  const auto before = get("main");
  EXPECT_EQ(before.revision, first_);
  EXPECT_FALSE(before.previous);
  const auto again = get("main");
  EXPECT_EQ(again.path, before.path);
  repository_.write("a.txt", "two\n");
  const auto second = repository_.commit("second");
  const auto after = get("main");
  EXPECT_EQ(after.revision, second);
  EXPECT_EQ(after.previous, first_);
  EXPECT_FALSE(after.rewritten);
  EXPECT_EQ(file_in(after.path, "a.txt"), "two\n");
}

TEST_F(GitFetchTest, NotesRewrittenHistory) {
  repository_.write("a.txt", "two\n");
  const auto second = repository_.commit("second");
  get();
  repository_.git({"reset", "--quiet", "--hard", first_});
  auto moved = get();
  EXPECT_EQ(moved.revision, first_);
  EXPECT_EQ(moved.previous, second);
  EXPECT_TRUE(moved.rewritten);
  repository_.write("a.txt", "other\n");
  const auto other = repository_.commit("other");
  EXPECT_FALSE(get().rewritten);
  EXPECT_FALSE(history(other, second).descends);
  // What was there stays known here, though the repository has it no more.
  EXPECT_EQ(get(second).revision, second);
}

TEST_F(GitFetchTest, FindsTagsReferencesAndRevisions) {
  repository_.git({"tag", "-m", "a tag", "v1"});
  repository_.git({"update-ref", "refs/pull/7/head", first_});
  repository_.write("a.txt", "two\n");
  const auto second = repository_.commit("second");
  EXPECT_EQ(get("v1").revision, first_);
  EXPECT_EQ(get("v1").reference, "refs/tags/v1");
  EXPECT_EQ(get("v1").tag, "v1");
  EXPECT_EQ(get("ref=refs/pull/7/head").revision, first_);
  EXPECT_EQ(get(first_).revision, first_);
  EXPECT_EQ(get(second + " ref=main").revision, second);
  EXPECT_THAT(get(second).tag, HasSubstr("v1-1-g"));
  EXPECT_THAT(message_of<NotFoundError>([&] { get(second + " ref=v1"); }),
              AllOf(HasSubstr(second), HasSubstr("not in the history of 'refs/tags/v1'")));
}

TEST_F(GitFetchTest, FetchesARevisionOfAnUnnamedBranchAlone) {
  repository_.git({"checkout", "--quiet", "-b", "side"});
  repository_.write("side.txt", "side\n");
  const auto side = repository_.commit("side");
  repository_.git({"checkout", "--quiet", "main"});
  const auto git = get(side);
  EXPECT_EQ(file_in(git.path, "side.txt"), "side\n");
  EXPECT_EQ(git.reference, "");
}

TEST_F(GitFetchTest, SaysWhatIsNotThere) {
  EXPECT_THAT(message_of<NotFoundError>([&] { get("nothing"); }),
              HasSubstr("has no branch or tag 'nothing'"));
  const std::string unknown(40, '1');
  EXPECT_THAT(message_of<NotFoundError>([&] { get(unknown); }),
              HasSubstr("has no revision " + unknown));
  get();
  std::filesystem::rename(repository_.path(), area.path() / "elsewhere");
  EXPECT_THAT(message_of<NotFoundError>([&] { get(); }),
              AllOf(HasSubstr("there is no repository at"), HasSubstr("vanished")));
  // What was fetched and is named in full needs the repository no more.
  EXPECT_EQ(get(first_).revision, first_);
}

TEST_F(GitFetchTest, FindsTheDefaultBranch) {
  repository_.git({"branch", "--move", "trunk"});
  EXPECT_EQ(get().reference, "refs/heads/trunk");
  repository_.git({"checkout", "--quiet", "--detach"});
  EXPECT_EQ(get().reference, "HEAD");
  repository_.git({"symbolic-ref", "HEAD", "refs/heads/unborn"});
  EXPECT_THAT(message_of<NotFoundError>([&] { get(); }), HasSubstr("no default branch"));
  EXPECT_EQ(get("fallback_branch=trunk").reference, "refs/heads/trunk");
}

TEST_F(GitFetchTest, FetchesSubmodules) {
  GitWorkTree inner(area.path() / "inner");
  inner.write("inner.txt", "inner\n");
  inner.commit("inner");
  repository_.git({"submodule", "--quiet", "add", "../inner", "sub"});
  repository_.commit("with a submodule");
  const auto without = get();
  EXPECT_TRUE(std::filesystem::is_empty(store().real_path(without.path) / "sub"));
  const auto with = get("submodules");
  EXPECT_EQ(file_in(with.path, "sub/inner.txt"), "inner\n");
  EXPECT_FALSE(std::filesystem::exists(store().real_path(with.path) / "sub/.git"));
  EXPECT_FALSE(std::filesystem::exists(store().real_path(with.path) / ".git"));
}

TEST_F(GitFetchTest, RunsNothingOfTheRepository) {
  grange::create_directories(area.path() / "open");
  ::chmod((area.path() / "open").c_str(), 0777);
  const auto touch = "touch " + (area.path() / "open/ran").string();
  repository_.write(".gitattributes", "*.txt filter=evil ident\n");
  repository_.git({"config", "filter.evil.smudge", touch});
  repository_.git({"config", "uploadpack.packObjectsHook", touch});
  repository_.git({"config", "core.fsmonitor", touch});
  for (const auto* hook : {"post-checkout", "pre-receive", "reference-transaction"}) {
    write_file(repository_.path() / ".git/hooks" / hook, "#!/bin/sh\n" + touch + "\n",
               Durability::atomic, 0755);
  }
  repository_.git({"-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c",
                   "filter.evil.smudge=cat", "add", "--all"});
  repository_.git({"-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "commit",
                   "--quiet", "--message=evil"});
  std::filesystem::remove(area.path() / "open/ran");
  const auto git = get();
  EXPECT_TRUE(store().is_valid(git.path));
  EXPECT_FALSE(std::filesystem::exists(area.path() / "open/ran"));
}

TEST_F(GitFetchTest, HasAnotherIdentity) {
  if (!fetch.identity) GTEST_SKIP() << "only root gives its fetches another identity";
  get();
  const FetchSpace space(fetch, runner, clock);
  struct stat status {};
  for (const auto& entry : std::filesystem::directory_iterator(space.mirrors())) {
    if (!entry.is_directory()) continue;
    ASSERT_EQ(::stat((entry.path() / "objects").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, fetch.identity->first);
  }
  // What root alone may read is not fetched.
  ::chmod(repository_.path().c_str(), 0700);
  EXPECT_THAT(message_of<NotFoundError>([&] { get(); }), HasSubstr("may read"));
}

TEST_F(GitFetchTest, HoldsToItsLimits) {
  std::string noise;
  unsigned state = 1;
  for (int i = 0; i < 3'000'000; ++i) {
    state = state * 1664525U + 1013904223U;
    noise += static_cast<char>(state >> 24);
  }
  repository_.write("large", noise);
  repository_.commit("large");
  fetch.max_bytes = 1'000'000;
  EXPECT_THAT(message_of<InvalidError>([&] { get(); }), HasSubstr("limit of 1"));
  fetch.max_bytes = std::uint64_t{1} << 30;
  EXPECT_NO_THROW(get());
}

TEST_F(GitFetchTest, EndsInTimeAndWhenStopped) {
  // A peer that never answers.
  auto slow = input();
  slow.timeout = Seconds(0.3);
  slow.uri = "ssh://host/repository";
  fetch.ssh_command = "sleep 1000; true";
  EXPECT_THAT(message_of<TimeoutError>([&] { get(slow); }), HasSubstr("took more than"));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(get(input(), stop.get_token()), CancelledError);
}

TEST_F(GitFetchTest, MakesABrokenMirrorAnew) {
  get();
  const FetchSpace space(fetch, runner, clock);
  for (const auto& entry : std::filesystem::directory_iterator(space.mirrors())) {
    if (entry.is_directory()) std::filesystem::remove(entry.path() / "ready");
  }
  repository_.write("a.txt", "two\n");
  const auto second = repository_.commit("second");
  EXPECT_EQ(get().revision, second);
}

TEST_F(GitFetchTest, SweepsUpAfterAKilledGit) {
  get();
  const FetchSpace space(fetch, runner, clock);
  for (const auto& entry : std::filesystem::directory_iterator(space.mirrors())) {
    if (!entry.is_directory()) continue;
    for (const auto& ref : std::filesystem::directory_iterator(entry.path() / "refs/inputs")) {
      write_file(ref.path().string() + ".lock", "");
    }
    write_file(entry.path() / "packed-refs.lock", "");
    write_file(entry.path() / "objects/pack/tmp_pack_x", "");
  }
  repository_.write("a.txt", "two\n");
  const auto second = repository_.commit("second");
  EXPECT_EQ(get().revision, second);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(space.mirrors())) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("tmp_")) << entry.path();
  }
}

TEST_F(GitFetchTest, RemovesWhatAKilledFetchLeft) {
  const FetchSpace space(fetch, runner, clock);
  const auto old = space.work() / "old";
  grange::create_directories(old / "tree");
  grange::create_directories(space.work() / "new");
  std::filesystem::last_write_time(
      old, std::filesystem::file_time_type::clock::now() - std::chrono::hours(50));
  const FetchSpace again(fetch, runner, clock);
  EXPECT_FALSE(std::filesystem::exists(old));
  EXPECT_TRUE(std::filesystem::exists(space.work() / "new"));
}

TEST_F(GitFetchTest, TellsTheHistory) {
  repository_.write("a.txt", "two\n");
  const auto second = repository_.commit("the second\n\nwith a body");
  const auto third = repository_.commit("the third");
  get();
  auto all = history(third, std::nullopt);
  ASSERT_EQ(all.commits.size(), 3U);
  EXPECT_FALSE(all.more);
  EXPECT_EQ(all.commits[0].revision, third);
  EXPECT_EQ(all.commits[1].subject, "the second");
  EXPECT_EQ(all.commits[1].author, "A. Uthor");
  EXPECT_EQ(all.commits[1].email, "a@example.org");
  EXPECT_EQ(to_unix(all.commits[1].authored), 1'000'000'120);
  const auto since = history(third, first_);
  EXPECT_TRUE(since.descends);
  EXPECT_EQ(since.commits.size(), 2U);
  const auto newest = history(third, std::nullopt, 1);
  EXPECT_EQ(newest.commits.size(), 1U);
  EXPECT_TRUE(newest.more);
  const auto unknown = history(third, std::string(40, '2'), 2);
  EXPECT_FALSE(unknown.descends);
  EXPECT_EQ(unknown.commits.size(), 2U);
}

TEST_F(GitFetchTest, MakesHostileHistoryHarmless) {
  write_file(area.path() / "message", std::string(200'000, 'x'));
  repository_.git({"-c", "user.name=\x1b[31m\xff\xfe", "commit", "--quiet", "--allow-empty",
                   "--file=" + (area.path() / "message").string()});
  repository_.git({"commit", "--quiet", "--allow-empty", "--allow-empty-message", "--message="});
  const auto head = repository_.git({"rev-parse", "HEAD"});
  get();
  const auto all = history(head, std::nullopt);
  ASSERT_EQ(all.commits.size(), 3U);
  EXPECT_EQ(all.commits[0].subject, "");
  EXPECT_LE(all.commits[1].subject.size(), 4 * InputCommit::kLongestText);
  for (const auto& commit : all.commits) {
    for (const auto& text : {commit.author, commit.email, commit.subject}) {
      EXPECT_TRUE(is_utf8(text));
      EXPECT_EQ(text.find('\x1b'), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace grange
