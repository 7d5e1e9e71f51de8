#include "database/database.h"

#include <limits>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "database/testing_databases.h"

namespace grange {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class DatabaseTest : public DatabaseKindTest {
 protected:
  std::unique_ptr<Database> open(const DatabaseOptions& options = {}) {
    return open_database(location(), options);
  }
  /// With a table of every type.
  std::unique_ptr<Database> open_with_table() {
    auto database = open();
    database->execute(GetParam() == DatabaseKind::sqlite
                          ? "CREATE TABLE t (i INTEGER UNIQUE, r REAL, s TEXT, b BLOB) STRICT"
                          : "CREATE TABLE t (i BIGINT UNIQUE, r DOUBLE PRECISION, s TEXT COLLATE "
                            "\"C\", b BYTEA)");
    return database;
  }
  static void add(Database& database, std::int64_t i, std::string_view s = "") {
    database.prepare("INSERT INTO t (i, s, b) VALUES (?1, ?2, ?3)")
        .bind(1, i)
        .bind(2, s)
        .bind_blob(3, as_bytes(s))
        .run();
  }
  static std::int64_t count(Database& database) {
    auto statement = database.prepare("SELECT count(*) FROM t");
    EXPECT_TRUE(statement.step());
    return statement.integer(0);
  }
  static std::vector<std::int64_t> integers(Statement& statement) {
    std::vector<std::int64_t> values;
    while (statement.step()) values.push_back(statement.integer(0));
    statement.reset();
    return values;
  }
  DatabaseOptions hasty() const {
    DatabaseOptions options;
    options.patience = std::chrono::milliseconds(10);
    return options;
  }
};

TEST_P(DatabaseTest, SaysWhatItIs) {
  const auto database = open();
  EXPECT_EQ(database->kind(), GetParam());
  EXPECT_EQ(database->name(), location().shown());
}

TEST_P(DatabaseTest, ReadsWhatItBinds) {
  const auto database = open_with_table();
  auto insert = database->prepare("INSERT INTO t (i, r, s, b) VALUES (?, ?, ?, ?)");
  const auto least = std::numeric_limits<std::int64_t>::min();
  insert.bind(1, least).bind(2, 0.1).bind(3, "ü\\ ' \n").bind_blob(4, Bytes{0, 255, '\\'});
  EXPECT_EQ(insert.run(), 1);
  insert.bind(1, std::uint32_t{9}).bind(3, "").bind_blob(4, {});
  insert.bind_optional(2, std::optional<double>());
  EXPECT_EQ(insert.run(), 1);
  EXPECT_EQ(insert.run(), 1) << "what is not bound is NULL";

  auto select = database->prepare("SELECT i, r, s, b FROM t WHERE i IS NOT NULL ORDER BY i");
  ASSERT_TRUE(select.step());
  EXPECT_EQ(select.integer(0), least);
  EXPECT_EQ(select.real(1), 0.1);
  EXPECT_EQ(select.text(2), "ü\\ ' \n");
  EXPECT_THAT(select.blob(3), ElementsAre(0, 255, '\\'));
  EXPECT_FALSE(select.is_null(0));
  ASSERT_TRUE(select.step());
  EXPECT_EQ(select.integer(0), 9);
  EXPECT_TRUE(select.is_null(1));
  EXPECT_FALSE(select.is_null(2));
  EXPECT_EQ(select.text(2), "");
  EXPECT_FALSE(select.is_null(3));
  EXPECT_TRUE(select.blob(3).empty());
  EXPECT_FALSE(select.step());
  auto null = database->prepare("SELECT r, s, b FROM t WHERE i IS NULL");
  ASSERT_TRUE(null.step());
  for (int column = 0; column < 3; ++column) EXPECT_TRUE(null.is_null(column)) << column;
  EXPECT_EQ(null.text(1), "");
  EXPECT_EQ(null.real(0), 0);
}

TEST_P(DatabaseTest, ParametersHaveNumbersAndMayBeUsedTwice) {
  const auto database = open_with_table();
  for (const int i : {1, 2, 3, 4}) add(*database, i);
  auto select = database->prepare(
      "SELECT i FROM t WHERE (i < ?2 OR i > ?1) AND i <> ?2 /* ?3 */ AND s <> '?4' "
      "ORDER BY i -- ?5");
  select.bind(1, 3).bind(2, 2);
  EXPECT_THAT(integers(select), ElementsAre(1, 4));
}

TEST_P(DatabaseTest, AStatementIsReadyAgainAfterRunResetAndFailure) {
  const auto database = open_with_table();
  auto insert = database->prepare("INSERT INTO t (i, s) VALUES (?1, ?2)");
  EXPECT_EQ(insert.bind(1, 1).bind(2, "a").run(), 1);
  EXPECT_THROW(insert.bind(1, 1).bind(2, "b").run(), ConflictError);
  EXPECT_THROW(insert.bind(1, 1).bind(2, "b").step(), ConflictError);
  EXPECT_EQ(insert.bind(1, 2).bind(2, "c").run(), 1);
  auto select = database->prepare("SELECT s FROM t WHERE i = ?1");
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(select.bind(1, 2).step());
    EXPECT_EQ(select.text(0), "c");
    select.reset();
  }
  EXPECT_FALSE(select.step()) << "reset clears what was bound";
}

TEST_P(DatabaseTest, StatementsOfOneTextAreIndependent) {
  const auto database = open_with_table();
  for (const int i : {1, 2}) add(*database, i);
  const auto* sql = "SELECT i FROM t WHERE i >= ?1 ORDER BY i";
  auto one = database->prepare(sql);
  auto two = database->prepare(sql);
  ASSERT_TRUE(one.bind(1, 1).step());
  ASSERT_TRUE(two.bind(1, 2).step());
  EXPECT_EQ(one.integer(0), 1);
  EXPECT_EQ(two.integer(0), 2);
  EXPECT_FALSE(two.step());
  EXPECT_TRUE(one.step());
  EXPECT_FALSE(database->prepare(sql).step()) << "a new one has nothing bound";
}

TEST_P(DatabaseTest, SaysHowManyRowsChanged) {
  const auto database = open_with_table();
  for (const int i : {1, 2, 3}) add(*database, i);
  EXPECT_EQ(database->prepare("UPDATE t SET s = 'x' WHERE i > 1").run(), 2);
  EXPECT_EQ(database->prepare("DELETE FROM t WHERE i > 5").run(), 0);
  const auto* add_once = "INSERT INTO t (i) VALUES (?1) ON CONFLICT DO NOTHING";
  EXPECT_EQ(database->prepare(add_once).bind(1, 3).run(), 0);
  EXPECT_EQ(database->prepare(add_once).bind(1, 4).run(), 1);
}

TEST_P(DatabaseTest, ReturningGivesWhatWasWritten) {
  const auto database = open_with_table();
  auto insert = database->prepare(
      "INSERT INTO t (i, s) VALUES (?1, ?2) ON CONFLICT (i) DO UPDATE SET s = excluded.s "
      "RETURNING i, s");
  for (const auto* text : {"a", "b"}) {
    ASSERT_TRUE(insert.bind(1, 7).bind(2, text).step());
    EXPECT_EQ(insert.integer(0), 7);
    EXPECT_EQ(insert.text(1), text);
    insert.reset();
  }
  EXPECT_EQ(count(*database), 1);
}

TEST_P(DatabaseTest, ComparesTextByBytes) {
  const auto database = open_with_table();
  int i = 0;
  for (const auto* text : {"b", "a", "B", "ä", "a b", "aa"}) add(*database, ++i, text);
  std::vector<std::string> sorted;
  auto select = database->prepare("SELECT s FROM t ORDER BY s");
  while (select.step()) sorted.emplace_back(select.text(0));
  EXPECT_THAT(sorted, ElementsAre("B", "a", "a b", "aa", "b", "ä"));
}

TEST_P(DatabaseTest, AListIsOneParameter) {
  const auto database = open_with_table();
  const auto least = std::numeric_limits<std::int64_t>::min();
  const auto most = std::numeric_limits<std::int64_t>::max();
  const std::string odd = "a\"b\\c{},'\nü\x01";
  add(*database, least, "null");
  add(*database, most, odd);
  add(*database, 3, "three");
  add(*database, 4, "");
  const auto find = [&](std::string_view column, Database::ListOf type) {
    return database->prepare("SELECT i FROM t WHERE s <> ?2 AND " + std::string(column) + " " +
                             database->one_of(1, type) + " ORDER BY i");
  };
  auto by_integer = find("i", Database::ListOf::integers);
  EXPECT_THAT(integers(by_integer.bind_integers(1, std::vector{most, least, 3L, 5L}).bind(2, "x")),
              ElementsAre(least, 3, most));
  EXPECT_THAT(integers(by_integer.bind_integers(1, {}).bind(2, "x")), ElementsAre());
  auto by_text = find("s", Database::ListOf::texts);
  EXPECT_THAT(
      integers(by_text.bind_texts(1, std::vector<std::string>{odd, "", "null", "x"}).bind(2, "x")),
      ElementsAre(least, 4, most));
  auto by_blob = find("b", Database::ListOf::blobs);
  EXPECT_THAT(integers(by_blob.bind_blobs(1, std::vector{as_bytes(odd), ByteView()}).bind(2, "x")),
              ElementsAre(4, most));
}

TEST_P(DatabaseTest, ManyRowsAtOnce) {
  const auto database = open_with_table();
  const std::vector<std::string_view> columns = {"s", "i", "b", "r"};
  Transaction transaction(*database);
  {
    const auto rows = database->bulk_insert("t", columns);
    for (int i = 0; i < 1000; ++i) {
      rows->bind(1, "tab\t \\N \n ü");
      rows->bind(2, std::int64_t{i});
      rows->bind_blob(3, Bytes{0, '\t', '\\', 255});
      if (i % 2 == 0) rows->bind(4, 0.1);
      if (i % 4 == 1) rows->bind_null(4);
      rows->next();
    }
    rows->finish();
  }
  EXPECT_EQ(count(*database), 1000);
  auto select = database->prepare("SELECT s, b, r FROM t WHERE i >= 500 ORDER BY i");
  ASSERT_TRUE(select.step());
  EXPECT_EQ(select.text(0), "tab\t \\N \n ü");
  EXPECT_THAT(select.blob(1), ElementsAre(0, '\t', '\\', 255));
  EXPECT_EQ(select.real(2), 0.1);
  ASSERT_TRUE(select.step());
  EXPECT_TRUE(select.is_null(2));
  transaction.commit();
  EXPECT_EQ(count(*database), 1000);
}

TEST_P(DatabaseTest, ARowTooManyIsAConflict) {
  const auto database = open_with_table();
  const std::vector<std::string_view> columns = {"i"};
  add(*database, 1);
  const auto add_rows = [&](bool finish) {
    const Transaction transaction(*database);
    const auto rows = database->bulk_insert("t", columns);
    for (const int i : {2, 1}) {
      rows->bind(1, std::int64_t{i});
      rows->next();
    }
    if (finish) rows->finish();
  };
  EXPECT_THROW(add_rows(true), ConflictError);
  EXPECT_EQ(count(*database), 1);
  // Left in the middle it writes nothing, and the database goes on.
  const auto leave = [&] {
    const Transaction transaction(*database);
    const auto rows = database->bulk_insert("t", columns);
    rows->bind(1, std::int64_t{3});
    rows->next();
  };
  leave();
  EXPECT_EQ(count(*database), 1);
}

TEST_P(DatabaseTest, TransactionsRollBackUnlessCommitted) {
  const auto database = open_with_table();
  {
    const Transaction transaction(*database);
    EXPECT_TRUE(database->in_transaction());
    add(*database, 1);
  }
  EXPECT_FALSE(database->in_transaction());
  EXPECT_EQ(count(*database), 0);
  {
    Transaction transaction(*database);
    add(*database, 1);
    EXPECT_THROW(database->begin_writing(), Error) << "one at a time";
    transaction.commit();
  }
  EXPECT_EQ(count(*database), 1);
  EXPECT_NO_THROW(database->roll_back());
}

TEST_P(DatabaseTest, ASnapshotSeesOneMomentAndDoesNotWaitForWriters) {
  const auto writer = open_with_table();
  const auto reader = open(hasty());
  {
    const Snapshot snapshot(*reader);
    EXPECT_TRUE(reader->in_transaction());
    EXPECT_EQ(count(*reader), 0);
    {
      Transaction transaction(*writer);
      add(*writer, 1);
      EXPECT_EQ(count(*reader), 0);
      transaction.commit();
    }
    EXPECT_EQ(count(*reader), 0);
  }
  EXPECT_FALSE(reader->in_transaction());
  EXPECT_EQ(count(*reader), 1);
}

TEST_P(DatabaseTest, WritersOfOneRowExcludeEachOther) {
  const auto one = open_with_table();
  add(*one, 1, "before");
  const auto two = open(hasty());
  const auto write = [](Database& database) {
    Transaction transaction(database);
    database.prepare("UPDATE t SET s = 'after' WHERE i = 1").run();
    transaction.commit();
  };
  {
    const Transaction transaction(*one);
    one->prepare("UPDATE t SET s = 'between' WHERE i = 1").run();
    EXPECT_THROW(write(*two), UnavailableError);
    EXPECT_FALSE(two->in_transaction());
  }
  write(*two);
  auto select = one->prepare("SELECT s FROM t");
  ASSERT_TRUE(select.step());
  EXPECT_EQ(select.text(0), "after");
}

TEST_P(DatabaseTest, ALockIsHeldUntilTheTransactionEnds) {
  const auto one = open_with_table();
  const auto two = open(hasty());
  const auto write = [](Database& database) {
    Transaction transaction(database);
    database.lock("a name");
    transaction.commit();
  };
  {
    const Transaction transaction(*one);
    one->lock("a name");
    EXPECT_THROW(write(*two), UnavailableError);
  }
  write(*two);
}

TEST_P(DatabaseTest, ErrorsNameTheDatabaseAndTheirKind) {
  const auto database = open_with_table();
  EXPECT_THROW(database->execute("SELECT * FROM nothing"), CorruptError);
  EXPECT_THROW(database->prepare("no sql").run(), CorruptError);
  EXPECT_THROW(database->prepare("UPDATE t SET nothing = ?1").bind(1, 1).run(), CorruptError);
  try {
    database->execute("SELECT * FROM nothing");
    FAIL();
  } catch (const CorruptError& error) {
    EXPECT_THAT(error.what(), HasSubstr(location().shown()));
    EXPECT_THAT(error.what(), HasSubstr("nothing"));
  }
  DatabaseOptions reading;
  reading.read_only = true;
  const auto reader = open(reading);
  EXPECT_EQ(count(*reader), 0);
  EXPECT_THROW(add(*reader, 1), DeniedError);
  EXPECT_THROW(reader->execute("DELETE FROM t"), DeniedError);
}

TEST_P(DatabaseTest, WhatIsNotThereIsNotFound) {
  const auto missing = TestingDatabases(GetParam()).fresh();  // and gone again
  DatabaseOptions reading;
  reading.read_only = true;
  EXPECT_THROW(open_database(missing, reading), NotFoundError);
}

TEST_P(DatabaseTest, ForeignKeysAreHeldTo) {
  const auto database = open_with_table();
  database->execute("CREATE TABLE c (i BIGINT REFERENCES t(i))");
  EXPECT_THROW(database->execute("INSERT INTO c VALUES (1)"), ConflictError);
}

TEST_P(DatabaseTest, TablesMayChangeUnderPreparedStatements) {
  const auto database = open_with_table();
  add(*database, 1);
  const auto* sql = "SELECT i FROM t WHERE i = ?1";
  {
    auto select = database->prepare(sql);
    ASSERT_TRUE(select.bind(1, 1).step());
  }
  database->execute("ALTER TABLE t ADD COLUMN more TEXT");
  auto select = database->prepare(sql);
  EXPECT_TRUE(select.bind(1, 1).step());
}

GRANGE_FOR_BOTH_DATABASES(DatabaseTest);

TEST(SqliteDatabaseTest, AListIsSearchedForByIndex) {
  TestingDatabases databases(DatabaseKind::sqlite);
  const auto database = open_database(databases.fresh());
  database->execute(
      "CREATE TABLE t (i INTEGER PRIMARY KEY, s TEXT UNIQUE, b BLOB UNIQUE, other TEXT) STRICT");
  for (const auto& [column, type] : std::initializer_list<std::pair<std::string, Database::ListOf>>{
           {"i", Database::ListOf::integers},
           {"s", Database::ListOf::texts},
           {"b", Database::ListOf::blobs}}) {
    auto plan = database->prepare("EXPLAIN QUERY PLAN SELECT other FROM t WHERE " + column + " " +
                                  database->one_of(1, type));
    ASSERT_TRUE(plan.step());
    EXPECT_THAT(std::string(plan.text(3)), HasSubstr("SEARCH t USING")) << column;
  }
}

}  // namespace
}  // namespace grange
