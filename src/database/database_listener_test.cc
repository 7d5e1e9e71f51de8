#include "database/database_listener.h"

#include <thread>

#include <gtest/gtest.h>

#include "base/error.h"
#include "database/testing_databases.h"

namespace grange {
namespace {

class DatabaseListenerTest : public DatabaseKindTest {
 protected:
  static constexpr std::chrono::milliseconds kNotLong{20};
  static constexpr std::chrono::minutes kLong{2};
};

TEST_P(DatabaseListenerTest, HearsWhatIsCommitted) {
  const auto database = open_database(location());
  const auto listener = listen_to_database(location(), {"here", "there"});
  {
    const Transaction transaction(*database);
    database->notify("here", "rolled back");
  }
  {
    Transaction transaction(*database);
    database->notify("here", "an ü");
    database->notify("elsewhere", "no");
    transaction.commit();
  }
  database->notify("there", "");
  std::vector<DatabaseNotification> heard;
  while (heard.size() < 2) {
    const auto more = listener->wait(is_sqlite() ? kNotLong : kLong, {});
    if (is_sqlite()) {
      EXPECT_TRUE(more.empty());
      return;
    }
    heard.insert(heard.end(), more.begin(), more.end());
  }
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard[0].channel, "here");
  EXPECT_EQ(heard[0].payload, "an ü");
  EXPECT_EQ(heard[1].channel, "there");
  EXPECT_TRUE(listener->wait(kNotLong, {}).empty());
}

TEST_P(DatabaseListenerTest, WaitingEndsWhenItIsToStop) {
  const auto listener = listen_to_database(location(), {"here"});
  std::jthread waiting([&listener](const std::stop_token& stop) {
    EXPECT_TRUE(listener->wait(std::chrono::hours(1), stop).empty());
  });
  waiting.request_stop();
}

TEST_P(DatabaseListenerTest, ListensAnewAfterTheConnectionWasLost) {
  if (is_sqlite()) GTEST_SKIP() << "there is no connection";
  const auto database = open_database(location());
  const auto listener = listen_to_database(location(), {"here"});
  auto cut = database->prepare(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
      "datname = current_database()");
  ASSERT_TRUE(cut.step());
  EXPECT_THROW(listener->wait(kLong, {}), UnavailableError);
  EXPECT_TRUE(listener->wait(kNotLong, {}).empty());
  database->notify("here", "again");
  EXPECT_EQ(listener->wait(kLong, {}).size(), 1U);
}

GRANGE_FOR_BOTH_DATABASES(DatabaseListenerTest);

}  // namespace
}  // namespace grange
