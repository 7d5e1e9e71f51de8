#include "database/migration.h"

#include <array>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/fault.h"
#include "database/testing_databases.h"

namespace grange {
namespace {

using testing::HasSubstr;

constexpr SchemaIdentity kLedger{"ledger", 0x4c656467, "ledger.before-commit"};
constexpr std::array<std::string_view, 2> kLedgerSteps = {
    "CREATE TABLE a (x INTEGER PRIMARY KEY, s TEXT) STRICT; INSERT INTO a (s) VALUES ('first')",
    "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1"};

class MigrationTest : public DatabaseKindTest {
 protected:
  std::unique_ptr<Database> open() { return open_database(location()); }

  static std::string refusal(Database& database, std::span<const std::string_view> steps,
                             const SchemaIdentity& identity = kLedger) {
    try {
      migrate(database, identity, steps);
    } catch (const ConflictError& error) {
      return error.what();
    }
    ADD_FAILURE() << "accepted";
    return {};
  }
};

TEST_P(MigrationTest, StepsLeadForwardAndEachIsWhole) {
  const auto database = open();
  migrate(*database, kLedger, std::span(kLedgerSteps).first(1));
  set_fault("ledger.before-commit=eio");
  EXPECT_THROW(migrate(*database, kLedger, kLedgerSteps), Error);
  set_fault("");
  EXPECT_THROW(database->prepare("SELECT y FROM a").step(), CorruptError);
  migrate(*database, kLedger, kLedgerSteps);
  migrate(*database, kLedger, kLedgerSteps);
  migrate(*open(), kLedger, kLedgerSteps);
  auto statement = database->prepare("SELECT y, s FROM a");
  ASSERT_TRUE(statement.step());
  EXPECT_EQ(statement.integer(0), 2);
  EXPECT_EQ(statement.text(1), "first");
}

TEST_P(MigrationTest, ANewerSchemaIsRefusedByNumber) {
  const auto database = open();
  migrate(*database, kLedger, kLedgerSteps);
  const auto refused = refusal(*database, std::span(kLedgerSteps).first(1));
  EXPECT_THAT(refused, HasSubstr("ledger '" + location().shown() + "' has schema 2"));
  EXPECT_THAT(refused, HasSubstr("(1)"));
}

TEST_P(MigrationTest, WhatIsSomethingElseIsRefused) {
  const auto database = open();
  migrate(*database, kLedger, kLedgerSteps);
  EXPECT_THAT(refusal(*database, kLedgerSteps, {"diary", 7, "diary.before-commit"}),
              HasSubstr("another program, not a diary"));
  const auto foreign = open_database(fresh());
  foreign->execute("CREATE TABLE theirs (x INTEGER)");
  EXPECT_THAT(refusal(*foreign, kLedgerSteps), HasSubstr("another program"));
}

TEST_P(MigrationTest, ManyMayDoItAtOnce) {
  const auto all = location();
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] { migrate(*open_database(all), kLedger, kLedgerSteps); });
  }
  threads.clear();
  auto database = open();
  auto statement = database->prepare("SELECT count(*) FROM a");
  ASSERT_TRUE(statement.step());
  EXPECT_EQ(statement.integer(0), 1);
}

GRANGE_FOR_BOTH_DATABASES(MigrationTest);

}  // namespace
}  // namespace grange
