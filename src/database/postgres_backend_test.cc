#include "database/postgres_backend.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "database/postgres_error.h"
#include "database/postgres_sql.h"
#include "database/postgres_values.h"
#include "database/testing_databases.h"

namespace grange {
namespace {

using testing::HasSubstr;

TEST(PostgresSql, ParametersGetTheirNumbers) {
  EXPECT_EQ(postgres_sql("SELECT ?2, '?1', \"?\", a -- ?\n FROM t WHERE b = ?1 /* ? */").text,
            "SELECT $2, '?1', \"?\", a -- ?\n FROM t WHERE b = $1 /* ? */");
  EXPECT_EQ(postgres_sql("?, ?, ?7, ?, ?1").text, "$1, $2, $7, $8, $1");
  EXPECT_EQ(postgres_sql("?, ?, ?7, ?, ?1").parameters, 8);
  EXPECT_EQ(postgres_sql("SELECT 1").parameters, 0);
  EXPECT_EQ(postgres_sql("= ANY (?1::bigint[])").text, "= ANY ($1::bigint[])");
  for (const auto* wrong : {"?0", "?40000", "?99999999999999999999"}) {
    EXPECT_THROW(postgres_sql(wrong), CorruptError) << wrong;
  }
}

TEST(PostgresError, StatesAreKinds) {
  const auto kind_of = [](std::string_view state) {
    try {
      throw_postgres_error(state, "it fails");
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("SQLSTATE " + std::string(state)));
      return error.kind();
    }
  };
  EXPECT_EQ(kind_of("23505"), ErrorKind::conflict);
  EXPECT_EQ(kind_of("40001"), ErrorKind::conflict);
  EXPECT_EQ(kind_of("40P01"), ErrorKind::conflict);
  EXPECT_EQ(kind_of("55P03"), ErrorKind::unavailable);
  EXPECT_EQ(kind_of("53100"), ErrorKind::unavailable);
  EXPECT_EQ(kind_of("57P01"), ErrorKind::unavailable);
  EXPECT_EQ(kind_of("25006"), ErrorKind::denied);
  EXPECT_EQ(kind_of("42501"), ErrorKind::denied);
  EXPECT_EQ(kind_of("28P01"), ErrorKind::denied);
  EXPECT_EQ(kind_of("3D000"), ErrorKind::not_found);
  EXPECT_EQ(kind_of("42P01"), ErrorKind::corrupt);
}

TEST(PostgresError, AStateIsFoundInAMessage) {
  EXPECT_EQ(sqlstate_in("connection to \"x\" failed: FATAL:  3D000: database is missing\nLOCATION"),
            "3D000");
  EXPECT_EQ(sqlstate_in("a:  b:  28P01: c"), "28P01");
  EXPECT_EQ(sqlstate_in("could not connect:  no such file"), "");
  EXPECT_EQ(sqlstate_in("a:  3D00"), "");
}

TEST(PostgresValues, WhatHasAnotherTypeIsRefused) {
  EXPECT_EQ(postgres_integer(postgres_type::kInt8, ""), 0) << "NULL";
  EXPECT_THROW(postgres_integer(postgres_type::kText, "12345678"), CorruptError);
  EXPECT_THROW(postgres_integer(postgres_type::kInt8, "1234"), CorruptError);
  EXPECT_THROW(postgres_text(postgres_type::kInt8, "12345678"), CorruptError);
  EXPECT_THROW(postgres_real(1700, "12"), CorruptError);
  const std::string many_digits("\0\7\0\0\0\0\0\0", 8);
  EXPECT_THROW(postgres_real(1700, many_digits), CorruptError);
}

class PostgresTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto missing = TestingDatabases::missing(DatabaseKind::postgresql);
    if (!missing.empty()) GTEST_SKIP() << missing;
    location_ = databases_.fresh();
  }
  std::unique_ptr<Database> open(const DatabaseOptions& options = {}) const {
    return open_postgres(location_, options);
  }
  static std::int64_t number(Database& database, std::string_view sql) {
    auto statement = database.prepare(sql);
    EXPECT_TRUE(statement.step());
    return statement.integer(0);
  }
  static std::string text(Database& database, std::string_view sql) {
    auto statement = database.prepare(sql);
    EXPECT_TRUE(statement.step());
    return std::string(statement.text(0));
  }
  /// As when the server goes away.
  void cut_off(std::int64_t session) const {
    auto statement = other()->prepare("SELECT pg_terminate_backend(?1::integer)");
    EXPECT_TRUE(statement.bind(1, session).step());
    while (number(*other(), "SELECT count(*) FROM pg_stat_activity WHERE pid = " +
                                std::to_string(session)) > 0) {
    }
  }
  const std::unique_ptr<Database>& other() const {
    if (!other_) other_ = open();
    return other_;
  }
  const DatabaseLocation& location() const { return location_; }

 private:
  TestingDatabases databases_{DatabaseKind::postgresql};
  DatabaseLocation location_;
  mutable std::unique_ptr<Database> other_;
};

TEST_F(PostgresTest, NumbersOfEveryTypeAreRead) {
  const auto database = open();
  EXPECT_EQ(number(*database, "SELECT -7::smallint"), -7);
  EXPECT_EQ(number(*database, "SELECT -70000::integer"), -70000);
  EXPECT_EQ(number(*database, "SELECT true"), 1);
  EXPECT_EQ(number(*database, "SELECT sum(x) FROM (VALUES (9007199254740993::bigint), (1)) v(x)"),
            9007199254740994);
  EXPECT_EQ(number(*database, "SELECT -123450000::numeric"), -123450000);
  EXPECT_EQ(number(*database, "SELECT 12345.99::numeric"), 12345);
  EXPECT_EQ(number(*database, "SELECT 0::numeric"), 0);
  EXPECT_EQ(number(*database, "SELECT 2.9::float8"), 2);
  EXPECT_THROW(number(*database, "SELECT 1e30::numeric"), CorruptError);
  EXPECT_THROW(number(*database, "SELECT 'NaN'::numeric"), CorruptError);
  EXPECT_THROW(number(*database, "SELECT 'a'::text"), CorruptError);
  auto reals = database->prepare("SELECT -0.0625::numeric, 1.5::real, 3::integer");
  ASSERT_TRUE(reals.step());
  EXPECT_EQ(reals.real(0), -0.0625);
  EXPECT_EQ(reals.real(1), 1.5);
  EXPECT_EQ(reals.real(2), 3);
  EXPECT_THROW(reals.text(2), CorruptError);
  EXPECT_THROW(reals.integer(3), CorruptError);
}

TEST_F(PostgresTest, OptionsAreTheSessions) {
  DatabaseOptions options;
  options.patience = std::chrono::milliseconds(1500);
  options.durable = false;
  const auto database = open(options);
  EXPECT_EQ(text(*database, "SHOW lock_timeout"), "1500ms");
  EXPECT_EQ(text(*database, "SHOW synchronous_commit"), "off");
  EXPECT_EQ(text(*database, "SHOW client_encoding"), "UTF8");
  EXPECT_EQ(text(*open(), "SHOW synchronous_commit"), "on");
}

TEST_F(PostgresTest, ALostConnectionIsMadeAnewOutsideOfTransactions) {
  const auto database = open();
  database->execute("CREATE TABLE t (i BIGINT)");
  auto find = database->prepare("SELECT pg_backend_pid(), ?1::bigint");
  ASSERT_TRUE(find.bind(1, 1).step());
  cut_off(find.integer(0));
  find.reset();
  ASSERT_TRUE(find.bind(1, 2).step()) << "prepared again in the new session";
  EXPECT_EQ(find.integer(1), 2);

  const auto session = find.integer(0);
  find.reset();
  {
    Transaction transaction(*database);
    database->prepare("INSERT INTO t VALUES (1)").run();
    cut_off(session);
    EXPECT_THROW(database->prepare("INSERT INTO t VALUES (2)").run(), UnavailableError);
    EXPECT_TRUE(database->in_transaction());
    EXPECT_THROW(database->prepare("INSERT INTO t VALUES (3)").run(), UnavailableError);
    EXPECT_THROW(transaction.commit(), UnavailableError);
  }
  EXPECT_FALSE(database->in_transaction());
  EXPECT_EQ(number(*database, "SELECT count(*) FROM t"), 0);
}

TEST_F(PostgresTest, AConnectionLostWhileRowsAreCopiedIsUnavailable) {
  const auto database = open();
  database->execute("CREATE TABLE t (i BIGINT)");
  const auto session = number(*database, "SELECT pg_backend_pid()");
  const auto copy = [&] {
    Transaction transaction(*database);
    const std::vector<std::string_view> columns = {"i"};
    const auto rows = database->bulk_insert("t", columns);
    cut_off(session);
    for (std::int64_t i = 0; i < 100'000; ++i) {
      rows->bind(1, i);
      rows->next();
    }
    rows->finish();
    transaction.commit();
  };
  EXPECT_THROW(copy(), UnavailableError);
  EXPECT_EQ(number(*database, "SELECT count(*) FROM t"), 0);
}

TEST_F(PostgresTest, ATransactionThatFailedIsNotCommitted) {
  const auto database = open();
  database->execute("CREATE TABLE t (i BIGINT UNIQUE)");
  Transaction transaction(*database);
  auto insert = database->prepare("INSERT INTO t VALUES (?1)");
  insert.bind(1, 1).run();
  EXPECT_THROW(insert.bind(1, 1).run(), ConflictError);
  EXPECT_THROW(insert.bind(1, 2).run(), ConflictError) << "nothing more can be done in it";
  EXPECT_THROW(transaction.commit(), ConflictError);
  EXPECT_FALSE(database->in_transaction());
  EXPECT_EQ(number(*database, "SELECT count(*) FROM t"), 0);
}

TEST_F(PostgresTest, NullsDoNotNeedATypeOfTheirOwn) {
  const auto database = open();
  database->execute("CREATE TABLE t (i BIGINT, s TEXT, b BYTEA)");
  auto insert = database->prepare("INSERT INTO t VALUES (?1, ?2, ?3)");
  insert.run();
  insert.bind(1, 1).bind(2, "a").bind_blob(3, Bytes{1}).run();
  insert.bind(2, "b").run();
  insert.bind(1, 2).run();
  EXPECT_EQ(number(*database, "SELECT count(*) FROM t"), 4);
  EXPECT_EQ(number(*database,
                   "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE "
                   "'INSERT%'"),
            2);
}

TEST_F(PostgresTest, ManyTextsDoNotFillTheServer) {
  const auto database = open();
  auto kept = database->prepare("SELECT ?1::bigint");
  ASSERT_TRUE(kept.bind(1, 7).step());
  kept.reset();
  for (int i = 0; i < 1100; ++i) number(*database, "SELECT " + std::to_string(i));
  EXPECT_LT(number(*database, "SELECT count(*) FROM pg_prepared_statements"), 500);
  ASSERT_TRUE(kept.bind(1, 8).step());
  EXPECT_EQ(kept.integer(0), 8);
}

TEST_F(PostgresTest, DeadlocksAreConflicts) {
  const auto one = open();
  const auto two = open();
  one->execute("SET deadlock_timeout = '10ms'; CREATE TABLE t (i BIGINT)");
  two->execute("SET deadlock_timeout = '10s'");
  Transaction first(*one);
  one->lock("a");
  std::jthread other([&] {
    Transaction second(*two);
    two->lock("b");
    two->lock("a");
    second.commit();
  });
  // Until the other one waits for us.
  while (number(*this->other(), "SELECT count(*) FROM pg_locks WHERE NOT granted") == 0) {
  }
  EXPECT_THROW(one->lock("b"), ConflictError);
  one->roll_back();
}

TEST_F(PostgresTest, ServersThatCannotBeReachedAreUnavailable) {
  EXPECT_THROW(open_database(DatabaseLocation::parse("postgresql:///d?host=/nowhere")),
               UnavailableError);
  try {
    open_database(DatabaseLocation::parse("postgresql://u:secret@127.0.0.1:1/d?connect_timeout=5"));
    FAIL();
  } catch (const UnavailableError& error) {
    EXPECT_THAT(error.what(), HasSubstr("postgresql://u@127.0.0.1:1/d"));
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("secret")));
  }
  auto stranger = location();
  stranger.url.replace(stranger.url.find("grange@"), 7, "nobody@");
  EXPECT_THROW(open_database(stranger), DeniedError);
}

}  // namespace
}  // namespace grange
