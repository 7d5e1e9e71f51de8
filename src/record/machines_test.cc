#include "record/machines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "database/testing_databases.h"
#include "record/schema.h"

namespace grange {
namespace {

using testing::ElementsAre;

class MachinesTest : public DatabaseKindTest {};

TEST_P(MachinesTest, AreRememberedByNameWithWhetherTheyAreDrained) {
  const auto database = open_database(location(), {.durable = false});
  migrate_record(*database);
  Machines machines(*database);
  const TimePoint then(std::chrono::seconds(1000));
  const auto later = then + std::chrono::seconds(60);
  MachineRow local;
  local.name = "local";
  local.systems = {"x86_64-linux", "i686-linux"};
  local.features = {"kvm"};
  local.slots = 4;
  const auto first = machines.seen(local, then);
  EXPECT_FALSE(first.drained);
  EXPECT_EQ(first.first_seen, then);
  machines.set_drained(first.id, true);
  local.slots = 8;
  local.features = {};
  const auto again = machines.seen(local, later);
  EXPECT_EQ(again.id, first.id);
  EXPECT_TRUE(again.drained);
  EXPECT_EQ(again.slots, 8);
  EXPECT_THAT(again.systems, ElementsAre("i686-linux", "x86_64-linux"));
  EXPECT_TRUE(again.features.empty());
  EXPECT_EQ(again.first_seen, then);
  EXPECT_EQ(again.last_seen, later);
  EXPECT_EQ(machines.all().size(), 1);
  EXPECT_FALSE(machines.find(first.id + 1));
  EXPECT_FALSE(machines.find("other"));
}

GRANGE_FOR_BOTH_DATABASES(MachinesTest);

}  // namespace
}  // namespace grange
