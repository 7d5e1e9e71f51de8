#include "database/database_pool.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "database/testing_databases.h"

namespace grange {
namespace {

using testing::HasSubstr;

class DatabasePoolTest : public DatabaseKindTest {
 protected:
  static constexpr std::chrono::milliseconds kAtOnce{0};
};

TEST_P(DatabasePoolTest, LendsWhatWasGivenBackBeforeItOpensMore) {
  DatabasePool pool(location(), {}, 2);
  const Database* first = nullptr;
  {
    const auto one = pool.lend();
    first = &*one;
    const auto two = pool.lend();
    EXPECT_NE(first, &*two);
  }
  const auto again = pool.lend(kAtOnce);
  EXPECT_EQ(first, &*again) << "the last one that was given back";
}

TEST_P(DatabasePoolTest, IsBounded) {
  DatabasePool pool(location(), {}, 1);
  auto one = pool.lend();
  try {
    pool.lend(kAtOnce);
    FAIL();
  } catch (const UnavailableError& error) {
    EXPECT_THAT(error.what(), HasSubstr("all 1 connections are in use"));
  }
  {
    std::jthread waiting([&pool] { pool.lend(std::chrono::minutes(1)); });
    const auto given_back = std::move(one);
  }
  EXPECT_NO_THROW(pool.lend(kAtOnce));
}

TEST_P(DatabasePoolTest, WaitingIsCancelled) {
  DatabasePool pool(location(), {}, 1);
  const auto lent = pool.lend();
  std::jthread waiting([&pool](const std::stop_token& stop) {
    EXPECT_THROW(pool.lend(std::chrono::hours(1), stop), CancelledError);
  });
  waiting.request_stop();
}

TEST_P(DatabasePoolTest, WhatIsLeftOpenIsRolledBack) {
  DatabasePool pool(location(), {}, 1);
  pool.lend()->execute("CREATE TABLE t (i INTEGER)");
  {
    const auto lent = pool.lend();
    lent->begin_writing();
    lent->execute("INSERT INTO t VALUES (1)");
  }
  const auto lent = pool.lend();
  EXPECT_FALSE(lent->in_transaction());
  auto count = lent->prepare("SELECT count(*) FROM t");
  ASSERT_TRUE(count.step());
  EXPECT_EQ(count.integer(0), 0);
}

TEST_P(DatabasePoolTest, WhatCannotBeOpenedIsNotCounted) {
  auto missing = TestingDatabases(GetParam()).fresh();  // and gone again
  DatabaseOptions reading;
  reading.read_only = true;
  DatabasePool pool(missing, reading, 1);
  for (int round = 0; round < 2; ++round) EXPECT_THROW(pool.lend(kAtOnce), NotFoundError);
}

TEST_P(DatabasePoolTest, ManyThreadsShareFew) {
  DatabasePool pool(location(), {}, 3);
  pool.lend()->execute("CREATE TABLE t (i INTEGER)");
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&pool] {
        for (int j = 0; j < 10; ++j) {
          const auto lent = pool.lend(std::chrono::minutes(1));
          Transaction transaction(*lent);
          lent->prepare("INSERT INTO t VALUES (?1)").bind(1, j).run();
          transaction.commit();
        }
      });
    }
  }
  const auto lent = pool.lend();
  auto count = lent->prepare("SELECT count(*) FROM t");
  ASSERT_TRUE(count.step());
  EXPECT_EQ(count.integer(0), 80);
}

GRANGE_FOR_BOTH_DATABASES(DatabasePoolTest);

}  // namespace
}  // namespace grange
