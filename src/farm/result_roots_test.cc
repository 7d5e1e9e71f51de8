#include "farm/result_roots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "record/builds.h"
#include "record/evaluation_history.h"
#include "record/jobsets.h"
#include "record/projects.h"
#include "record/rows.h"
#include "record/schema.h"
#include "store/garbage_collection.h"

namespace grange {
namespace {

/// A farm's stores and record without a farm: one jobset that keeps one evaluation.
class ResultRootsTest : public testing::Test {
 protected:
  ResultRootsTest() {
    migrate_record(*pool_.lend());
    database_.write([&](Database& database) {
      ProjectSettings project;
      project.name = project.display_name = "p";
      JobsetSettings settings;
      settings.name = "j";
      settings.keep = 1;
      jobset_ = Jobsets(database).create(Projects(database).create(project, ""), settings, "");
    });
    roots_.emplace(database_, *store_, options());
  }

  ResultRoots::Options options() const {
    return {directory_.path(), eval_, false, [](const std::string&) {}};
  }
  StorePath add(const std::string& name) { return store_->session()->add_text(name, name, {}); }
  void collect() { collect_garbage(*store_, {}, {}); }
  std::set<StorePath> rooted(const StoreLocation& location) {
    std::set<StorePath> paths;
    const std::filesystem::path top = location.state / "gcroots/grange-farm";
    std::error_code error;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(top, error)) {
      if (auto path = StorePath::try_parse(entry.path().filename().string())) {
        if (entry.is_regular_file()) paths.insert(*path);
      }
    }
    return paths;
  }
  /// Its thread takes roots off when it has time.
  template <typename Condition>
  static bool soon(const Condition& condition) {
    for (int i = 0; i < 600 && !condition(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return condition();
  }

  TemporaryDirectory directory_;
  StoreLocation eval_ = StoreLocation::at_root(directory_.path() / "eval");
  std::unique_ptr<LocalStore> store_ =
      LocalStore::open(StoreLocation::at_root(directory_.path() / "store"));
  DatabasePool pool_{{DatabaseKind::sqlite, directory_.path() / "record.sqlite", {}}, {}, 4};
  FarmDatabase database_{pool_};
  std::int64_t jobset_ = 0;
  std::optional<ResultRoots> roots_;
};

TEST_F(ResultRootsTest, HoldWhatIsAboutToBeRecorded) {
  const auto kept = add("kept");
  const auto other = add("other");
  auto held = roots_->hold_results(jobset_, {kept});
  roots_->look_at(jobset_);
  auto second = roots_->hold_results(jobset_, {other});
  second.reset();  // nothing needs it after all
  roots_->look_at(jobset_);
  EXPECT_TRUE(soon([&] { return rooted(store_->location()) == std::set{kept}; }));
  collect();
  EXPECT_TRUE(store_->is_valid(kept));
  EXPECT_FALSE(store_->is_valid(other));
  held.reset();
  roots_->look_at(jobset_);
  EXPECT_TRUE(soon([&] { return rooted(store_->location()).empty(); }));
}

TEST_F(ResultRootsTest, BecomeWhatTheRecordSays) {
  const auto result = add("result");
  const auto marked = add("marked");
  database_.write([&](Database& database) {
    std::vector<NewBuild> builds(2);
    for (auto& build : builds) build.jobset = jobset_;
    run(database, "INSERT INTO systems (id, name) VALUES (1, 's')");
    run(database,
        "INSERT INTO derivations (id, digest, name, gnu, system, unverified, inputs, content) "
        "VALUES (1, ?1, 'd', 0, 1, 0, ?1, ?1)",
        BlobValue{Bytes(20, 1)});
    EvaluationHistory history(database);
    for (auto& build : builds) {
      build.derivation = 1;
      build.facts = history.facts_id("{}");
      NewEvaluation evaluation;
      evaluation.jobset = jobset_;
      build.evaluation = history.begin(evaluation);
    }
    const auto ids = Builds(database).add(builds);
    for (std::size_t i = 0; i < 2; ++i) {
      const TargetRow target{"a", 1, builds[i].facts, ids[i]};
      history.add_targets(builds[i].evaluation, {&target, 1});
      history.complete(builds[i].evaluation, TimePoint());
      FinishedBuild finished;
      finished.build = ids[i];
      finished.outcome = Outcome::good;
      finished.outputs.emplace("out", i == 0 ? marked : result);
      Builds(database).finish({&finished, 1});
    }
    Builds(database).set_keep(ids[0], true);
  });
  roots_->builds_ended({jobset_});
  EXPECT_TRUE(soon([&] { return rooted(store_->location()) == std::set{result, marked}; }));
  database_.write([&](Database& database) {
    Jobsets(database).remove(Jobsets(database).find(jobset_).value(), TimePoint());
  });
  roots_->look_at(jobset_);
  EXPECT_TRUE(soon([&] { return rooted(store_->location()) == std::set{marked}; }));
}

TEST_F(ResultRootsTest, AreFoundAgainByTheNextFarmOfTheSameState) {
  const auto left = add("left");
  auto held = roots_->hold_results(jobset_, {left});
  held.reset();
  EXPECT_EQ(rooted(store_->location()), std::set{left});
  roots_.reset();
  roots_.emplace(database_, *store_, options());
  EXPECT_TRUE(soon([&] { return rooted(store_->location()).empty(); }));
}

}  // namespace
}  // namespace grange
