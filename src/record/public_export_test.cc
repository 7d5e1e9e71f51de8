#include "record/public_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "database/testing_databases.h"
#include "record/farm_history_testing.h"

namespace grange {
namespace {

using testing::HasSubstr;

class PublicExportTest : public DatabaseKindTest {
 protected:
  void SetUp() override {
    DatabaseKindTest::SetUp();
    if (IsSkipped()) return;
    farm_ = std::make_unique<FarmHistoryForTests>(location());
    auto& database = farm_->database();
    Accounts accounts(database);
    for (const auto* name : {"alice", "mallory"}) {
      const std::string text(name);
      const auto id = accounts.create(
          {.name = text, .full_name = text + " full", .email = text + "@mail", .roles = {"admin"}},
          FarmHistoryForTests::at(0));
      accounts.set_password_hash(id, "hash-that-is-secret");
    }
    const auto shown = farm_->add_jobset("shown", "main", false, "alice");
    const auto builds = farm_->evaluate(shown, {"open", "wide"}, 1);
    farm_->finish(builds[0], Outcome::good);
    farm_->evaluate(shown, {"open"}, 2, false);
    const auto secret = farm_->add_jobset("covert", "main", true, "mallory");
    farm_->finish(farm_->evaluate(secret, {"covertlabel"}, 1)[0], Outcome::failed);
  }

  Database& source() { return farm_->database(); }
  std::filesystem::path file() const { return directory_.path() / "public.sqlite"; }
  std::unique_ptr<Database> exported() const {
    DatabaseLocation place;
    place.file = file();
    return open_database(place, {.read_only = true});
  }

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<FarmHistoryForTests> farm_;
};

TEST_P(PublicExportTest, WhatIsPublicIsThereWithItsIds) {
  const auto report = export_public(source(), file());
  EXPECT_EQ(report.rows.at("projects"), 1);
  EXPECT_EQ(report.rows.at("evaluations"), 2);
  EXPECT_EQ(report.rows.at("builds"), 3);
  EXPECT_EQ(report.rows.at("derivations"), 3);
  EXPECT_EQ(report.rows.at("accounts"), 1);
  const auto database = exported();
  EXPECT_EQ(find_text(*database, "SELECT name FROM projects"), "shown");
  EXPECT_EQ(find_text(*database, "SELECT outcome FROM builds WHERE id = 1"), "good");
  EXPECT_EQ(find_integer(*database, "SELECT count(*) FROM evaluation_errors"), 1);
  EXPECT_EQ(find_text(*database,
                      "SELECT d.name FROM targets t JOIN derivations d ON d.id = t.derivation "
                      "WHERE t.label = 'wide'"),
            "wide-1");
}

TEST_P(PublicExportTest, NoSecretTableAndNothingHiddenIsInTheFile) {
  const auto report = export_public(source(), file());
  EXPECT_TRUE(report.left_out.contains("secret_passwords"));
  for (const auto& table : table_names(*exported())) {
    EXPECT_FALSE(table.starts_with("secret_")) << table;
  }
  // Not even in pages that are free.
  const auto bytes = read_file(file());
  EXPECT_NE(bytes.find("alice full"), bytes.npos);
  for (const auto* text : {"covert", "mallory", "@mail", "hash-that-is-secret", "secret_"}) {
    EXPECT_EQ(bytes.find(text), bytes.npos) << text;
  }
}

TEST_P(PublicExportTest, ATableThatNobodyKnowsIsLeftOut) {
  source().execute("CREATE TABLE secret_more (x BIGINT); CREATE TABLE newer (x BIGINT);");
  const auto report = export_public(source(), file());
  EXPECT_TRUE(report.left_out.contains("secret_more"));
  EXPECT_TRUE(report.left_out.contains("newer"));
  EXPECT_FALSE(table_names(*exported()).contains("newer"));
}

TEST_P(PublicExportTest, EveryTableIsDecidedAbout) {
  for (const auto& table : table_names(source())) {
    EXPECT_NE(table_export(table), TableExport::unknown)
        << table << " is new: say in public_export.cc whether it is public";
  }
}

TEST_P(PublicExportTest, NothingIsOverwrittenAndNoRecordIsMade) {
  export_public(source(), file());
  EXPECT_THROW(export_public(source(), file()), ConflictError);
  DatabaseLocation place;
  place.file = file();
  const auto database = open_database(place);
  EXPECT_THROW(migrate_record(*database), ConflictError);
}

TEST_P(PublicExportTest, WhatProvesToBeSomebodyToOthersIsLeftOut) {
  source().execute(
      "UPDATE jobset_inputs SET value = 'https://me:pass-word@host/x?key=k-e-y main'; "
      "UPDATE jobsets SET fetch_problem = 'cannot fetch https://me:pass-word@host/x'");
  export_public(source(), file());
  const auto database = exported();
  EXPECT_EQ(find_text(*database, "SELECT value FROM jobset_inputs"), "https://host/x main");
  EXPECT_EQ(find_text(*database, "SELECT fetch_problem FROM jobsets"),
            "cannot fetch https://host/x");
  const auto bytes = read_file(file());
  EXPECT_EQ(bytes.find("pass-word"), bytes.npos);
  EXPECT_EQ(bytes.find("k-e-y"), bytes.npos);
}

TEST(WithoutCredentials, UrlsAreFoundInTexts) {
  EXPECT_EQ(without_credentials("no url", false), "no url");
  EXPECT_EQ(without_credentials("a://u:p@q@h/x@y?z b://c@d", true), "a://h/x@y?z b://d");
  EXPECT_EQ(without_credentials("a://h?t=1 b://c?d", false), "a://h b://c");
  EXPECT_EQ(without_credentials("a://", false), "a://");
}

GRANGE_FOR_BOTH_DATABASES(PublicExportTest);

}  // namespace
}  // namespace grange
