#include "record/schema.h"

#include <regex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "database/sqlite.h"
#include "record/farm_schema.h"
#include "record/record.h"

namespace grange {
namespace {

using testing::HasSubstr;

/// Takes the farm's tables out again: what versions before the fifth had is left.
void undo_farm(SqliteDatabase& database) {
  database.execute(
      "PRAGMA foreign_keys = OFF; DROP INDEX attempts_by_recipe; "
      "DROP INDEX failures_by_attempt");
  const auto schema = std::string(kFarmSchema) + std::string(kFarmStorageSchema) +
                      std::string(kUnchangedTargetsSchema);
  const std::regex created("CREATE TABLE ([a-z_]+) ");
  for (std::sregex_iterator at(schema.begin(), schema.end(), created), end; at != end; ++at) {
    database.execute("DROP TABLE " + (*at)[1].str());
  }
  database.execute(
      "ALTER TABLE ci_evaluations RENAME TO evaluations; ALTER TABLE ci_lines RENAME TO lines; "
      "PRAGMA foreign_keys = ON");
}

class SchemaTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return directory_.path() / "record.sqlite"; }

  std::int64_t version() const {
    SqliteDatabase database(file(), {});
    auto statement = database.prepare("PRAGMA user_version");
    return statement.step() ? statement.integer(0) : -1;
  }

  /// What opening the record says.
  template <typename Kind>
  std::string refusal() const {
    try {
      Record::open(file())->last_complete("all");
    } catch (const Kind& error) {
      return error.what();
    }
    ADD_FAILURE() << "accepted";
    return {};
  }

 private:
  TemporaryDirectory directory_;
};

TEST_F(SchemaTest, ANewerSchemaIsRefusedByName) {
  Record::open(file());
  const auto known = version();
  SqliteDatabase(file(), {}).execute("PRAGMA user_version = 1000");
  const auto refused = refusal<ConflictError>();
  EXPECT_THAT(refused, HasSubstr("1000"));
  EXPECT_THAT(refused, HasSubstr("(" + std::to_string(known) + ")"));
  EXPECT_THAT(refused, HasSubstr("record.sqlite"));
  EXPECT_EQ(version(), 1000);
}

TEST_F(SchemaTest, AnotherProgramsDatabaseIsRefused) {
  SqliteDatabase(file(), {}).execute("CREATE TABLE theirs (x INTEGER)");
  EXPECT_THAT(refusal<ConflictError>(), HasSubstr("another program"));
}

TEST_F(SchemaTest, ABrokenFileIsRefusedWithAdvice) {
  write_file(file(), std::string(8192, 'x'));
  const auto refused = refusal<CorruptError>();
  EXPECT_THAT(refused, HasSubstr("record.sqlite"));
  EXPECT_THAT(refused, HasSubstr("delete it"));
}

TEST_F(SchemaTest, ATruncatedFileIsRefusedWithAdvice) {
  {
    EvaluationRecord evaluation;
    evaluation.selection = "all";
    evaluation.map.complete = true;
    for (int i = 0; i < 2000; ++i) {
      const std::string label = std::to_string(i);
      const auto path = nix32_encode(ByteView(sha256(label)).first(20)) + "-" + label + ".drv";
      evaluation.map.targets.emplace(
          label, Target{{label}, StorePath::parse(path), "", "", {}, std::nullopt, Outcome::good});
    }
    Record::open(file())->add_evaluation(evaluation);
  }
  const auto size = std::filesystem::file_size(file());
  for (const auto part : {size - 4096, size / 2, std::uintmax_t{4096}}) {
    std::filesystem::resize_file(file(), part);
    EXPECT_THAT(refusal<CorruptError>(), HasSubstr("delete it")) << part;
  }
  // As advised.
  std::filesystem::remove(file());
  EXPECT_EQ(Record::open(file())->last_complete("all"), std::nullopt);
}

TEST_F(SchemaTest, ManyMayCreateItAtOnce) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) threads.emplace_back([this] { Record::open(file()); });
  threads.clear();
  EXPECT_EQ(version(), 11);
}

TEST_F(SchemaTest, ARecordOfTheFirstVersionGoesOn) {
  {
    SqliteDatabase database(file(), {});
    Record::open(file());  // and back to what the first version had
    undo_farm(database);
    database.execute(
        "DROP TABLE forgotten_revisions; DROP INDEX evaluations_by_revision; "
        "ALTER TABLE evaluations DROP COLUMN line; ALTER TABLE evaluations DROP COLUMN revision; "
        "DROP TABLE lines; DROP TABLE conflicts; DROP TABLE comparisons; DROP INDEX "
        "attempts_by_output_set; "
        "ALTER TABLE attempts DROP COLUMN checked; PRAGMA user_version = 1; "
        "INSERT INTO policies VALUES (1, 'normal'); "
        "INSERT INTO output_sets VALUES (1, zeroblob(32), 'good'); "
        "INSERT INTO attempts VALUES (1, 1, '00000000000000000000000000000000-a.drv', 0, 1, "
        "'good', 0, 0, '', '')");
  }
  const auto record = Record::open(file());
  EXPECT_EQ(version(), 11);
  EXPECT_EQ(record->outcome(OutputSetId(Sha256{})), Outcome::good);
  EXPECT_TRUE(record->checks(OutputSetId(Sha256{})).empty()) << "it was not made to compare it";
}

TEST_F(SchemaTest, EvaluationsFromBeforeCommitsWereKeptAreReadAndFoundByNone) {
  {
    EvaluationRecord evaluation;
    evaluation.selection = "all";
    evaluation.line = "line";
    evaluation.map.complete = true;
    evaluation.map.commit = "c1";
    Record::open(file())->add_evaluation(evaluation);
    SqliteDatabase database(file(), {});
    undo_farm(database);
    database.execute(
        "DROP TABLE forgotten_revisions; DROP INDEX evaluations_by_revision; "
        "ALTER TABLE evaluations DROP COLUMN line; ALTER TABLE evaluations DROP COLUMN revision; "
        "DROP TABLE lines; PRAGMA user_version = 3");
  }
  const auto record = Record::open(file());
  EXPECT_EQ(version(), 11);
  const auto last = record->last_complete("all");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->line, "");
  EXPECT_EQ(last->map.commit, "c1");
  EXPECT_TRUE(record->commit_maps("line", {{"c1"}}).complete.empty());
}

}  // namespace
}  // namespace grange
