#include "farm/base_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "derivation/target_map_file.h"
#include "evaluate/selection.h"
#include "farm/git_test_support.h"
#include "farm/map_publication.h"
#include "farm/map_sources.h"

namespace grange {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// A repository with a selection in it, a record, and runs that are only pretended.
class BaseChoiceTest : public testing::Test {
 protected:
  BaseChoiceTest() : record_(Record::open(state_.path() / "record.sqlite")) {
    selection_.file = git_.path() / "default.nix";
  }

  TargetMap map_of(const CommitId& commit) const {
    TargetMap map;
    map.complete = true;
    map.commit = commit.str();
    map.targets.emplace("good", target('a', Outcome::good));
    map.targets.emplace("failed", target('b', Outcome::failed));
    map.errors.emplace("broken", TargetError{{"broken"}, "it throws"});
    return map;
  }

  static Target target(char letter, Outcome outcome) {
    const std::string name = std::string(32, letter) + "-x.drv";
    return {{"x"}, StorePath::parse(name), "x", "", {"out"}, std::nullopt, outcome};
  }

  SourceState source() { return look_at_source(selection_, git_.runner, {}); }

  void record_map(const CommitId& commit) {
    record_->add_evaluation({0, selection_.canonical(), now_, now_, map_of(commit), source().line});
  }

  Base choose(BaseChoice choice) {
    return choose_base(choice, selection_, source(), *record_, now_);
  }
  Base choose(const std::string& text) { return choose(BaseChoice::parse(text)); }

  /// A main of three commits, and a branch that left it at the second and is checked out.
  void make_history() {
    root_ = git_.commit("default.nix");
    fork_ = git_.commit("fork");
    git_.git({"checkout", "--quiet", "-b", "feature"});
    feature_ = git_.commit("feature");
    git_.git({"checkout", "--quiet", "main"});
    tip_ = git_.commit("tip");
    git_.git({"checkout", "--quiet", "feature"});
  }

  TestRepository git_;
  TemporaryDirectory state_;
  std::unique_ptr<Record> record_;
  Selection selection_;
  TimePoint now_{std::chrono::seconds(1'000'000'000 + 2 * 3600 + 500)};
  std::optional<CommitId> root_, fork_, feature_, tip_;
};

TEST_F(BaseChoiceTest, TheMergeBasesOwnMapIsTheBest) {
  make_history();
  for (const auto& commit : {root_, fork_, feature_, tip_}) record_map(*commit);
  const auto base = choose("merge-base:main");
  EXPECT_EQ(base.description, "the map of merge base " + fork_->short_str() + " of main, 2 h old");
  EXPECT_EQ(base.how, "merge base");
  EXPECT_EQ(base.place, "the record");
  EXPECT_EQ(base.commit, fork_->str());
  EXPECT_EQ(base.trust, BaseTrust::all);
  EXPECT_NEAR(*base.age_seconds, 2 * 3600 + 380, 1);
  EXPECT_EQ(base.outcome("good"), Outcome::good);
  EXPECT_EQ(base.outcome("broken"), Outcome::failed);
  EXPECT_THAT(base.remarks, IsEmpty());
}

TEST_F(BaseChoiceTest, ThenItsNearestAncestor) {
  make_history();
  record_map(*root_);
  record_map(*tip_);
  record_map(*feature_);
  const auto base = choose("merge-base:main");
  EXPECT_EQ(base.commit, root_->str());
  EXPECT_EQ(base.how, "ancestor");
  EXPECT_THAT(base.description, StartsWith("the map of " + root_->short_str() +
                                           ", the nearest ancestor with a map of merge base " +
                                           fork_->short_str() + " of main, 2 h old"));
}

TEST_F(BaseChoiceTest, ThenTheNewestOfTheDefaultBranchThenNone) {
  make_history();
  auto base = choose("merge-base:main");
  EXPECT_FALSE(base.map);
  EXPECT_EQ(base.description,
            "nothing: no map is kept of merge base " + fork_->short_str() +
                " of main or its ancestors, nor one of main; everything is built");
  record_map(*feature_);  // of no use: it is neither
  EXPECT_FALSE(choose("merge-base:main").map);
  record_map(*tip_);
  base = choose("merge-base:main");
  EXPECT_EQ(base.how, "default branch");
  EXPECT_THAT(base.description,
              StartsWith("the newest map of main, of commit " + tip_->short_str() + ", 2 h old"));
  EXPECT_FALSE(choose("none").map);
}

TEST_F(BaseChoiceTest, TakesCommitsAndBranches) {
  make_history();
  record_map(*fork_);
  record_map(*tip_);
  EXPECT_EQ(choose(fork_->str()).description,
            "the map of commit " + fork_->short_str() + ", 2 h old");
  EXPECT_EQ(choose("main").description,
            "the map of commit " + tip_->short_str() + " (main), 2 h old");
  EXPECT_EQ(choose("git:main~1").commit, fork_->str());
  EXPECT_EQ(choose("HEAD").how, "ancestor");
  EXPECT_THROW(choose("git:no-such"), NotFoundError);
  EXPECT_THROW(choose("merge-base:no-such"), NotFoundError);
  EXPECT_THROW(choose("no-such"), NotFoundError);
  EXPECT_THROW(choose("git:--all"), NotFoundError);
  EXPECT_THROW(BaseChoice::parse("merge-base:"), InvalidError);
  EXPECT_THROW(BaseChoice::parse(""), InvalidError);
}

TEST_F(BaseChoiceTest, ANameOfBothIsRefused) {
  make_history();
  record_map(*tip_);
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(state_.path());
  write_target_map_file("main", map_of(*root_));
  EXPECT_THROW(choose("main"), InvalidError);
  EXPECT_EQ(choose("git:main").commit, tip_->str());
  EXPECT_EQ(choose("file:main").commit, root_->str());
  const auto file = choose("./main");
  std::filesystem::current_path(here);
  EXPECT_EQ(file.how, "file");
  EXPECT_EQ(file.outcome("good"), Outcome::good);
  EXPECT_THAT(file.description,
              StartsWith("the map './main' of commit " + root_->short_str() + ", "));
}

TEST_F(BaseChoiceTest, AnotherBranchsMapDecidesNothing) {
  make_history();
  record_map(*feature_);
  auto base = choose("git:feature");
  EXPECT_EQ(base.commit, feature_->str());
  EXPECT_EQ(base.trust, BaseTrust::none);
  for (const auto* label : {"good", "failed", "broken"}) {
    EXPECT_EQ(base.outcome(label), Outcome::unknown) << label;
  }
  EXPECT_THAT(base.description, HasSubstr("its commit is not in main"));
  auto choice = BaseChoice::parse("git:feature");
  choice.trusted = true;
  EXPECT_EQ(choose(choice).outcome("good"), Outcome::good);
  // Merged, it is the default branch's.
  git_.git({"branch", "--force", "main", "feature"});
  EXPECT_EQ(choose("git:feature").outcome("good"), Outcome::good);
  git_.git({"branch", "--delete", "--force", "main"});
  EXPECT_THAT(choose("git:feature").description, HasSubstr("--default-branch"));
  choice.trusted = false;
  choice.default_branch = "feature";
  EXPECT_EQ(choose(choice).outcome("good"), Outcome::good);
}

TEST_F(BaseChoiceTest, TheLastRunOfAnotherBranchDecidesNoSkip) {
  make_history();
  EXPECT_THAT(choose("last").description, HasSubstr("nothing: no complete run"));
  record_map(*feature_);
  EXPECT_EQ(choose("last").outcome("good"), Outcome::good) << "of the very commit";
  EXPECT_THAT(choose("last").description,
              HasSubstr(", number 1 of commit " + feature_->short_str() + ", 0 s old"));
  git_.commit("more");
  EXPECT_EQ(choose("last").outcome("good"), Outcome::good) << "of the same branch";
  git_.git({"checkout", "--quiet", "--detach", "main"});
  const auto base = choose("last");
  EXPECT_EQ(base.trust, BaseTrust::failures);
  EXPECT_EQ(base.outcome("good"), Outcome::unknown);
  EXPECT_EQ(base.outcome("failed"), Outcome::failed);
  EXPECT_EQ(base.outcome("broken"), Outcome::failed);
  auto choice = BaseChoice::parse("last");
  choice.trusted = true;
  EXPECT_EQ(choose(choice).outcome("good"), Outcome::good);
  record_map(*root_);
  EXPECT_EQ(choose("last").outcome("good"), Outcome::good) << "of the default branch";
}

TEST_F(BaseChoiceTest, MapsOfDirectoriesAndNotesCountOnlyWhenTrusted) {
  make_history();
  const auto now = source();
  auto published = now;
  published.commit = fork_;
  const auto directory = state_.path() / "maps";
  for (const bool notes : {false, true}) {
    const MapPlace place{notes, notes ? std::filesystem::path() : directory};
    EXPECT_EQ(publish_map(place, map_of(*fork_), published, now_).problem, "");
    auto choice = BaseChoice::parse("merge-base:main");
    if (!notes) choice.directories = {directory};
    auto base = choose(choice);
    EXPECT_EQ(base.commit, fork_->str());
    EXPECT_EQ(base.place, place.to_string());
    EXPECT_EQ(base.trust, BaseTrust::none);
    EXPECT_THAT(base.description, HasSubstr(", from " + place.to_string()));
    EXPECT_THAT(base.description, HasSubstr("--trust-maps"));
    EXPECT_EQ(base.outcome("good"), Outcome::unknown);
    choice.trust_maps = true;
    EXPECT_EQ(choose(choice).outcome("good"), Outcome::good);
    // Not even then what is not in the default branch.
    published.commit = feature_;
    EXPECT_EQ(publish_map(place, map_of(*feature_), published, now_).problem, "");
    choice.kind = BaseChoice::Kind::revision;
    choice.name = "feature";
    EXPECT_EQ(choose(choice).trust, BaseTrust::none);
    published.commit = fork_;
    std::filesystem::remove_all(directory);
  }
  // The record comes first: what it says was seen here.
  record_map(*fork_);
  EXPECT_EQ(choose("merge-base:main").place, "the record");
}

TEST_F(BaseChoiceTest, WhatOthersWroteWrongIsPassedOver) {
  make_history();
  record_map(*root_);
  const auto directory = state_.path() / "maps";
  grange::create_directories(directory);
  // Of another commit, under the merge base's name; and no map at all, as its note.
  write_target_map_file(map_file_of(directory, *fork_), map_of(*tip_));
  GitNotes(git_.open().git()).write(*fork_, "hello\n");
  auto choice = BaseChoice::parse("merge-base:main");
  choice.directories = {directory, state_.path() / "missing"};
  const auto base = choose(choice);
  EXPECT_EQ(base.commit, root_->str());
  ASSERT_EQ(base.remarks.size(), 3U);
  EXPECT_THAT(base.remarks[0], HasSubstr("missing"));
  EXPECT_THAT(base.remarks[1], HasSubstr("specified the map of commit " + fork_->str()));
  EXPECT_THAT(base.remarks[2], HasSubstr("the git note of " + fork_->short_str()));
}

TEST_F(BaseChoiceTest, WhatIsNotCompleteIsNotPublished) {
  make_history();
  auto map = map_of(*feature_);
  const MapPlace place{false, state_.path() / "maps"};
  map.complete = false;
  EXPECT_EQ(publish_map(place, map, source(), now_).problem, "the evaluation is not complete");
  map.complete = true;
  git_.write("new", "");
  EXPECT_EQ(publish_map(place, map, source(), now_).problem,
            "the work tree is not clean: 'new' is not tracked");
  EXPECT_FALSE(std::filesystem::exists(place.directory));
  std::filesystem::remove(git_.path() / "new");
  EXPECT_EQ(publish_map(place, map, source(), now_).problem, "");
  write_file(state_.path() / "file", "");
  const MapPlace wrong{false, state_.path() / "file"};
  EXPECT_NE(publish_map(wrong, map, source(), now_).problem, "");
  EXPECT_TRUE(MapPlace::parse("notes").notes);
  EXPECT_EQ(MapPlace::parse("./notes").directory, "./notes");
  EXPECT_THROW(MapPlace::parse(""), InvalidError);
}

TEST_F(BaseChoiceTest, RetentionIsTold) {
  make_history();
  record_map(*fork_);
  record_->forget_before(now_ + std::chrono::seconds(1), selection_.canonical(), "");
  auto base = choose("merge-base:main");
  EXPECT_FALSE(base.map);
  EXPECT_THAT(base.description,
              HasSubstr("; 1 map of these commits is past retention; everything is built"));
  record_map(*root_);
  base = choose("merge-base:main");
  EXPECT_EQ(base.commit, root_->str());
  EXPECT_THAT(base.remarks, testing::ElementsAre("the map of merge base " + fork_->short_str() +
                                                 " of main is past retention"));
}

TEST_F(BaseChoiceTest, EveryMergeBaseOfACrissCrossWillDo) {
  git_.commit("default.nix");
  git_.git({"checkout", "--quiet", "-b", "feature"});
  const auto one = git_.commit("feature");
  git_.git({"checkout", "--quiet", "main"});
  const auto two = git_.commit("main1");
  git_.merge("feature");
  git_.git({"checkout", "--quiet", "feature"});
  git_.merge(two.str());
  git_.commit("more");
  record_map(one);
  auto base = choose("merge-base:main");
  EXPECT_EQ(base.commit, one.str());
  EXPECT_EQ(base.how, "merge base");
  EXPECT_EQ(base.trust, BaseTrust::all) << "main has merged it";
}

TEST_F(BaseChoiceTest, WithoutARepositoryOnlyGitIsMissed) {
  const TemporaryDirectory elsewhere;
  write_file(elsewhere.path() / "default.nix", "");
  selection_.file = elsewhere.path() / "default.nix";
  EXPECT_EQ(source().no_commit, "it is not in a git work tree");
  EXPECT_EQ(source().line, "");
  record_map(CommitId::parse(std::string(40, 'a')));
  EXPECT_EQ(choose("last").outcome("good"), Outcome::good);
  try {
    choose("merge-base:main");
    FAIL() << "accepted";
  } catch (const NotFoundError& error) {
    EXPECT_THAT(error.what(), HasSubstr("it is not in a git work tree"));
  }
}

TEST_F(BaseChoiceTest, AWorkTreeThatChangesMeanwhileHasNoCommit) {
  make_history();
  auto state = source();
  EXPECT_EQ(state.commit, feature_);
  look_again(state, selection_);
  EXPECT_EQ(state.commit, feature_);
  auto moved = state;
  git_.commit("later");
  look_again(moved, selection_);
  EXPECT_FALSE(moved.commit);
  EXPECT_THAT(moved.no_commit, HasSubstr("another commit"));
  state = source();
  git_.write("default.nix", "{ }");
  look_again(state, selection_);
  EXPECT_FALSE(state.commit);
  EXPECT_THAT(state.no_commit, HasSubstr("'default.nix' is changed"));
}

TEST_F(BaseChoiceTest, ARunGoesOnWhereGitCannot) {
  make_history();
  FakeRunner fake;
  fake.answer.status.code = 128;
  fake.answer.standard_error = "fatal: detected dubious ownership in repository\n";
  const auto state = look_at_source(selection_, fake, {});
  EXPECT_FALSE(state.commit);
  EXPECT_THAT(state.no_commit, HasSubstr("safe.directory"));
}

}  // namespace
}  // namespace grange
