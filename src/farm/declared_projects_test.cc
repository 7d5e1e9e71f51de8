#include "farm/declared_projects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "database/testing_databases.h"
#include "record/schema.h"

namespace grange {
namespace {

using testing::ElementsAre;

class DeclaredProjectsTest : public DatabaseKindTest {
 protected:
  void SetUp() override {
    DatabaseKindTest::SetUp();
    if (IsSkipped()) return;
    database_ = open_database(location(), {.durable = false});
    migrate_record(*database_);
  }

  /// What happened, by kind.
  std::vector<std::string> declare(const std::vector<DeclaredProject>& projects,
                                   const std::string& file = "/etc/grange.toml") {
    std::vector<EventRow> events;
    Transaction transaction(*database_);
    declare_projects(*database_, file, projects, TimePoint(std::chrono::seconds(++time_)), events);
    transaction.commit();
    std::vector<std::string> kinds;
    for (const auto& event : events) kinds.push_back(event.kind);
    return kinds;
  }

  static DeclaredProject declared(const std::string& name, std::vector<JobsetSettings> jobsets) {
    DeclaredProject project;
    project.settings.name = project.settings.display_name = name;
    project.jobsets = std::move(jobsets);
    return project;
  }
  static JobsetSettings jobset(const std::string& name, JobsetState state = JobsetState::on) {
    JobsetSettings settings;
    settings.name = name;
    settings.state = state;
    settings.expression_input = "src";
    settings.expression_path = "x.nix";
    settings.inputs["src"] = {"path", "/x"};
    return settings;
  }
  Project project(const std::string& name) { return Projects(*database_).find(name).value(); }
  Jobset stored(const std::string& of, const std::string& name) {
    return Jobsets(*database_).find(project(of).id, name).value();
  }

  std::unique_ptr<Database> database_;
  int time_ = 0;
};

TEST_P(DeclaredProjectsTest, AreMadeOnce) {
  auto first = declared("p", {jobset("j")});
  first.members = {"bob", "alice", "bob"};
  EXPECT_THAT(declare({first}), ElementsAre("project-created", "jobset-created"));
  EXPECT_EQ(project("p").declared_in, "/etc/grange.toml");
  EXPECT_THAT(Projects(*database_).members(project("p").id), ElementsAre("alice", "bob"));
  const auto made = stored("p", "j");
  EXPECT_EQ(made.declared_in, "/etc/grange.toml");
  EXPECT_EQ(made.settings, jobset("j"));
  EXPECT_TRUE(made.status.triggered);

  EXPECT_THAT(declare({first}), ElementsAre());
  EXPECT_EQ(stored("p", "j").version, made.version);

  first.jobsets[0].shares = 7;
  EXPECT_THAT(declare({first}), ElementsAre("jobset-changed"));
  EXPECT_EQ(stored("p", "j").settings.shares, 7);
  EXPECT_EQ(stored("p", "j").id, made.id);
}

TEST_P(DeclaredProjectsTest, AOneShotJobsetIsNotEvaluatedAgainByItself) {
  const auto once = declared("p", {jobset("j", JobsetState::one_shot)});
  declare({once});
  const auto made = stored("p", "j");
  Jobsets(*database_).begin_evaluating(made.id, TimePoint{});
  Jobsets(*database_).end_evaluating(made, TimePoint{}, "", "");
  ASSERT_EQ(stored("p", "j").settings.state, JobsetState::off);
  EXPECT_THAT(declare({once}), ElementsAre());
  EXPECT_THAT(declare({once}, "/elsewhere"), ElementsAre("project-changed", "jobset-changed"));
  EXPECT_EQ(stored("p", "j").settings.state, JobsetState::off);
  EXPECT_FALSE(stored("p", "j").status.triggered);

  auto other = once;
  other.jobsets[0].description = "another one";
  declare({other});
  EXPECT_EQ(stored("p", "j").settings.state, JobsetState::one_shot);
  EXPECT_TRUE(stored("p", "j").status.triggered);
}

TEST_P(DeclaredProjectsTest, WhatIsNoLongerDeclaredIsDisabledHiddenAndNobodysFile) {
  declare({declared("p", {jobset("a"), jobset("b")}), declared("q", {jobset("c")})});
  const auto gone = stored("p", "b").id;
  EXPECT_THAT(declare({declared("p", {jobset("a")})}),
              ElementsAre("jobset-changed", "project-changed"));
  EXPECT_EQ(stored("p", "b").id, gone);
  EXPECT_EQ(stored("p", "b").settings.state, JobsetState::off);
  EXPECT_TRUE(stored("p", "b").hidden());
  EXPECT_EQ(stored("p", "b").declared_in, "");
  EXPECT_FALSE(project("q").settings.enabled);
  EXPECT_TRUE(project("q").settings.hidden);
  EXPECT_EQ(project("q").declared_in, "");
  EXPECT_EQ(stored("q", "c").declared_in, "");
  EXPECT_THAT(declare({declared("p", {jobset("a")})}), ElementsAre());

  declare({declared("p", {jobset("a"), jobset("b")}), declared("q", {jobset("c")})});
  EXPECT_EQ(stored("p", "b").settings, jobset("b"));
  EXPECT_EQ(stored("p", "b").id, gone);
  EXPECT_TRUE(project("q").settings.enabled);
}

TEST_P(DeclaredProjectsTest, AProjectThatSomebodyMadeIsTakenOver) {
  ProjectSettings made;
  made.name = made.display_name = "p";
  const auto id = Projects(*database_).create(made, "");
  const auto kept = Jobsets(*database_).create(id, jobset("j"), "");
  Jobsets(*database_).create(id, jobset("other"), "");
  declare({declared("p", {jobset("j")})});
  EXPECT_EQ(project("p").id, id);
  EXPECT_EQ(project("p").declared_in, "/etc/grange.toml");
  EXPECT_EQ(stored("p", "j").id, kept);
  EXPECT_EQ(stored("p", "other").settings.state, JobsetState::off);
}

GRANGE_FOR_BOTH_DATABASES(DeclaredProjectsTest);

}  // namespace
}  // namespace grange
