#include "record/derivation_neighbours.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "database/testing_databases.h"
#include "record/derivation_text.h"
#include "record/rows.h"
#include "record/schema.h"

namespace grange {
namespace {

using testing::ElementsAre;
using Edge = DerivationNeighbours::Edge;

/// 1 and 2 use nothing; 3 uses 1; 4 uses 1 and 3; 5 uses 2; 6 uses 4 and 5.
class DerivationNeighboursTest : public DatabaseKindTest {
 protected:
  void SetUp() override {
    DatabaseKindTest::SetUp();
    if (IsSkipped()) return;
    database_ = open_database(location(), {.durable = false});
    migrate_record(*database_);
    run(*database_, "INSERT INTO systems (id, name) VALUES (1, 'x86_64-linux')");
    add(1, {});
    add(2, {});
    add(3, {1});
    add(4, {1, 3});
    add(5, {2});
    add(6, {4, 5});
  }

  void add(std::int64_t id, std::initializer_list<std::uint64_t> inputs) {
    std::string packed;
    for (const auto input : inputs) put_number(packed, input);
    std::string digest(20, static_cast<char>(id));
    run(*database_,
        "INSERT INTO derivations (id, digest, name, gnu, system, unverified, inputs, content) "
        "VALUES (?1, ?2, 'd', 0, 1, 0, ?3, ?2)",
        id, blob(digest), blob(packed));
  }

  static BlobValue blob(const std::string& text) {
    return {{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}};
  }

  Database& database() { return *database_; }

 private:
  std::unique_ptr<Database> database_;
};

TEST_P(DerivationNeighboursTest, InputsComeByHowFarTheyAre) {
  const auto found = inputs_around(database(), {.derivation = 6, .depth = 9});
  EXPECT_THAT(found.ids, ElementsAre(6, 4, 5, 1, 3, 2));
  EXPECT_THAT(found.levels, ElementsAre(0U, 1U, 1U, 2U, 2U, 2U));
  EXPECT_EQ(found.edges.size(), 6U);
  EXPECT_EQ(std::count(found.edges.begin(), found.edges.end(), Edge{3, 1}), 1);
  EXPECT_FALSE(found.cut);
}

TEST_P(DerivationNeighboursTest, WhatIsLeftOutIsSaid) {
  const auto near = inputs_around(database(), {.derivation = 6, .depth = 1});
  EXPECT_THAT(near.ids, ElementsAre(6, 4, 5));
  EXPECT_TRUE(near.cut);
  const auto few = inputs_around(database(), {.derivation = 6, .depth = 9, .limit = 2});
  EXPECT_THAT(few.ids, ElementsAre(6, 4));
  EXPECT_THAT(few.edges, ElementsAre(Edge{6, 4}));
  EXPECT_TRUE(few.cut);
  EXPECT_FALSE(inputs_around(database(), {.derivation = 1}).cut);
}

TEST_P(DerivationNeighboursTest, UsersComeByTheOrderTheyWereRecordedIn) {
  const auto found = users_around(database(), {.derivation = 1, .depth = 9});
  EXPECT_THAT(found.ids, ElementsAre(1, 3, 4, 6));
  EXPECT_THAT(found.levels, ElementsAre(0U, 1U, 1U, 2U));
  EXPECT_THAT(found.edges, ElementsAre(Edge{3, 1}, Edge{4, 1}, Edge{4, 3}, Edge{6, 4}));
  EXPECT_FALSE(found.cut);
  EXPECT_FALSE(found.unread);
  EXPECT_TRUE(users_around(database(), {.derivation = 1, .depth = 1}).cut);
  EXPECT_THAT(users_around(database(), {.derivation = 2, .depth = 9, .limit = 2}).ids,
              ElementsAre(2, 5));
}

TEST_P(DerivationNeighboursTest, UsersAreLookedForAmongSoMany) {
  const auto found = users_around(database(), {.derivation = 1, .depth = 9, .scanned = 2});
  EXPECT_THAT(found.ids, ElementsAre(1, 3));
  EXPECT_TRUE(found.unread);
}

TEST_P(DerivationNeighboursTest, WhatIsNotOpenLeadsNowhere) {
  const auto is_open = [](std::int64_t id) { return id != 4; };
  EXPECT_THAT(inputs_around(database(), {.derivation = 6, .depth = 9, .is_open = is_open}).ids,
              ElementsAre(6, 4, 5, 2));
  EXPECT_THAT(users_around(database(), {.derivation = 1, .depth = 9, .is_open = is_open}).ids,
              ElementsAre(1, 3));
}

GRANGE_FOR_BOTH_DATABASES(DerivationNeighboursTest);

}  // namespace
}  // namespace grange
