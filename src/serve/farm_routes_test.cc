#include <algorithm>
#include <array>
#include <set>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "record/accounts_testing.h"
#include "serve/accounts_testing.h"
#include "serve/farm_server.h"
#include "serve/mutating_gets.h"

namespace grange {
namespace {

/// The routes of a farm's server that nobody calls, so that there need be no farm.
class FarmRoutesTest : public testing::Test {
 protected:
  FarmRoutesTest() { add_farm_routes(router_, context_); }

  /// Room that stands for what no handler is called to use.
  template <typename T>
  struct Room {
    alignas(T) std::array<std::byte, sizeof(T)> bytes;
    T& reference() { return *reinterpret_cast<T*>(bytes.data()); }
  };

  Room<Farm> farm_{};
  Room<FarmActions> actions_{};
  FollowerSeats followers_{1, 1};
  FarmTablesForTests tables_;
  FakeClock clock_;
  AccountService accounts_{
      DatabaseAccess{[this](const DatabaseAccess::Use& use) { use(tables_.database()); },
                     [this](const DatabaseAccess::Use& use) { use(tables_.database()); }},
      clock_,
      {},
      cheap_passwords()};
  const ApiDescription description_ = ApiDescription::of_all();
  ApiContext context_{farm_.reference(), actions_.reference(), accounts_, followers_, description_};
  Router router_;
};

std::string without_names(std::string_view pattern) {
  std::string text(pattern);
  for (auto open = text.find('{'); open != text.npos; open = text.find('{', open + 2)) {
    text.erase(open + 1, text.find('}', open) - open - 1);
  }
  return text;
}

TEST_F(FarmRoutesTest, WhatChangesSomethingIsInTheScenarioOfRolesAndRights) {
  std::set<std::string> gets;
  for (const auto& one : mutating_gets()) gets.insert(without_names(one.pattern));
  const auto table = read_file(std::string(GRANGE_SOURCE_DIR) + "/tests/system/farm_guarded");
  int found = 0;
  for (const auto& [method, pattern] : router_.list()) {
    const bool is_read = method == RequestMethod::get && !gets.contains(without_names(pattern));
    if (is_read) continue;
    ++found;
    const auto entry = "(\"" + std::string(to_string(method)) + "\", \"" + pattern + "\"";
    EXPECT_NE(table.find(entry), table.npos)
        << "tests/system/farm_guarded has no " << entry << ", …): say there who may call it";
  }
  EXPECT_GT(found, 40);
}

TEST_F(FarmRoutesTest, EveryGetThatIsAnExceptionIsARoute) {
  std::set<std::string> gets;
  for (const auto& [method, pattern] : router_.list()) {
    if (method == RequestMethod::get) gets.insert(without_names(pattern));
  }
  for (const auto& one : mutating_gets()) {
    EXPECT_TRUE(gets.contains(without_names(one.pattern))) << one.pattern;
  }
}

TEST_F(FarmRoutesTest, NoRouteIsThereTwice) {
  std::set<std::pair<RequestMethod, std::string>> seen;
  for (const auto& [method, pattern] : router_.list()) {
    EXPECT_TRUE(seen.emplace(method, without_names(pattern)).second) << pattern;
  }
}

TEST(FollowerSeats, AreGivenBack) {
  FollowerSeats seats(2, 1);
  auto stranger = seats.take(true);
  EXPECT_THROW(seats.take(true), UnavailableError);
  const auto known = seats.take(false);
  EXPECT_THROW(seats.take(false), UnavailableError);
  stranger.reset();
  stranger = seats.take(true);
}

}  // namespace
}  // namespace grange
