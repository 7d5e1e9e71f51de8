#include "database/database_size.h"

#include <gtest/gtest.h>

#include "database/testing_databases.h"

namespace grange {
namespace {

class DatabaseSizeTest : public DatabaseKindTest {};

TEST_P(DatabaseSizeTest, GrowsWithWhatIsInIt) {
  const auto database = open_database(location());
  database->execute("CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT)");
  const auto before = database_size(*database);
  auto statement = database->prepare("INSERT INTO texts (id, text) VALUES (?1, ?2)");
  for (int i = 0; i < 200; ++i) statement.bind(1, i).bind(2, std::string(4000, 'x')).run();
  EXPECT_GT(database_size(*database), before);
}

GRANGE_FOR_BOTH_DATABASES(DatabaseSizeTest);

}  // namespace
}  // namespace grange
