#include "database/sqlite.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

class SqliteTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return temporary_.path() / "t.sqlite"; }
  SqliteDatabase open(const SqliteOptions& options = {}) const { return {file(), options}; }
  static std::int64_t count(SqliteDatabase& database) {
    auto statement = database.prepare("select count(*) from t");
    EXPECT_TRUE(statement.step());
    return statement.integer(0);
  }

 private:
  TemporaryDirectory temporary_;
};

TEST_F(SqliteTest, ReadsWhatItBinds) {
  auto database = open();
  database.execute(
      "create table t (i integer, r real, s text, b blob, n text); -- and more\n"
      "create table u (i integer)");
  auto insert = database.prepare("insert into t values (?, ?, ?, ?, ?)");
  const std::string text("nul \0 inside", 12);
  insert.bind(1, -7).bind(2, 0.5).bind(3, text).bind_blob(4, Bytes{0, 255}).bind_null(5);
  EXPECT_EQ(insert.run(), 1);
  EXPECT_EQ(database.last_insert_id(), 1);
  insert.bind(1, std::uint32_t{9}).bind(3, "").bind_blob(4, {});
  insert.bind_optional(2, std::optional<double>())
      .bind_optional(5, std::optional<std::string>("n"));
  EXPECT_EQ(insert.run(), 1);

  auto select = database.prepare("select i, r, s, b, n, typeof(b) from t order by rowid");
  ASSERT_TRUE(select.step());
  EXPECT_EQ(select.integer(0), -7);
  EXPECT_EQ(select.real(1), 0.5);
  EXPECT_EQ(select.text(2), text);
  EXPECT_THAT(select.blob(3), testing::ElementsAre(0, 255));
  EXPECT_TRUE(select.is_null(4));
  ASSERT_TRUE(select.step());
  EXPECT_TRUE(select.is_null(1));
  EXPECT_FALSE(select.is_null(2));
  EXPECT_EQ(select.text(2), "");
  EXPECT_EQ(select.text(5), "blob");  // empty, not NULL
  EXPECT_EQ(select.text(4), "n");
  EXPECT_FALSE(select.step());
}

TEST_F(SqliteTest, AStatementIsReadyAgainAfterRunResetAndFailure) {
  auto database = open();
  database.execute("create table t (i integer unique, s text not null default 'd')");
  auto insert = database.prepare("insert into t values (?, ?)");
  EXPECT_THROW(insert.bind(1, 1).run(), ConflictError);  // the text was not bound
  EXPECT_EQ(insert.bind(1, 1).bind(2, "a").run(), 1);
  EXPECT_THROW(insert.bind(1, 1).bind(2, "b").run(), ConflictError);
  EXPECT_THROW(insert.bind(1, 1).bind(2, "b").step(), ConflictError);
  EXPECT_EQ(insert.bind(1, 2).bind(2, "c").run(), 1);
  auto select = database.prepare("select s from t where i = ?");
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(select.bind(1, 2).step());
    EXPECT_EQ(select.text(0), "c");
    select.reset();
  }
  EXPECT_FALSE(select.step());  // reset clears what was bound
}

TEST_F(SqliteTest, TransactionsRollBackUnlessCommitted) {
  auto database = open();
  database.execute("create table t (i integer)");
  {
    SqliteTransaction transaction(database);
    EXPECT_TRUE(database.in_transaction());
    database.execute("insert into t values (1)");
  }
  EXPECT_FALSE(database.in_transaction());
  EXPECT_EQ(count(database), 0);
  {
    SqliteTransaction transaction(database);
    database.execute("insert into t values (1)");
    transaction.commit();
  }
  EXPECT_EQ(count(database), 1);
}

TEST_F(SqliteTest, WritersExcludeEachOtherAndReadersDoNotWait) {
  SqliteOptions hasty;
  hasty.busy_timeout = std::chrono::milliseconds(10);
  auto one = open(hasty);
  auto two = open(hasty);
  one.execute("create table t (i integer)");
  SqliteTransaction transaction(one);
  one.execute("insert into t values (1)");
  EXPECT_EQ(count(two), 0);
  EXPECT_THROW(SqliteTransaction{two}, UnavailableError);
  transaction.commit();
  EXPECT_EQ(count(two), 1);
}

TEST_F(SqliteTest, ManyMayCreateTheFileAtOnce) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      auto database = open();
      const char* create = "create table if not exists t (i integer)";
      SqliteTransaction transaction(database);
      database.execute(create);
      database.execute("insert into t values (1)");
      transaction.commit();
    });
  }
  threads.clear();
  auto database = open();
  EXPECT_EQ(count(database), 8);
}

TEST_F(SqliteTest, ErrorsNameTheFileAndTheirKind) {
  SqliteOptions existing;
  existing.create = false;
  EXPECT_THROW(open(existing), NotFoundError);
  SqliteOptions reading;
  reading.read_only = true;
  EXPECT_THROW(open(reading), NotFoundError);
  {
    auto database = open();
    database.execute("create table t (i integer)");
    EXPECT_THROW(database.execute("select * from nothing"), CorruptError);
    EXPECT_THROW(database.prepare("no sql"), CorruptError);
    auto reader = open(reading);
    EXPECT_EQ(count(reader), 0);
    EXPECT_THROW(reader.execute("insert into t values (1)"), DeniedError);
  }
  write_file(file(), std::string(5000, 'x'));
  try {
    open();
    FAIL();
  } catch (const CorruptError& error) {
    EXPECT_NE(std::string(error.what()).find(file().string()), std::string::npos);
  }
}

TEST_F(SqliteTest, ReadsAnImmutableFileWithoutTouchingItsDirectory) {
  {
    auto database = open();
    database.execute("create table t (i integer); insert into t values (1)");
  }
  const auto odd = file().parent_path() / "odd?#%41 name.sqlite";
  std::filesystem::rename(file(), odd);
  SqliteOptions options;
  options.read_only = true;
  options.immutable = true;
  SqliteDatabase database(odd, options);
  EXPECT_EQ(count(database), 1);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(odd.parent_path()), {}), 1);
}

TEST_F(SqliteTest, AFileThatMayNotBeReadIsDenied) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read every file";
  { auto database = open(); }
  std::filesystem::permissions(file(), std::filesystem::perms::none);
  EXPECT_THROW(open(), DeniedError);
}

TEST_F(SqliteTest, ForeignKeysAreHeldTo) {
  auto database = open();
  database.execute("create table p (i integer primary key); create table t (i references p(i))");
  EXPECT_THROW(database.execute("insert into t values (1)"), ConflictError);
}

}  // namespace
}  // namespace grange
