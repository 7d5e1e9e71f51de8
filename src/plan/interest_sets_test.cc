#include "plan/interest_sets.h"

#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace grange {
namespace {

using testing::ElementsAre;

TEST(InterestSets, EqualSetsHaveEqualNumbers) {
  InterestSets sets;
  const auto one = sets.single({1, 0, 5});
  const auto two = sets.single({2, 7, 0});
  const auto both = sets.united(one, two);
  EXPECT_EQ(sets.united(two, one), both);
  EXPECT_EQ(sets.united(both, one), both);
  EXPECT_EQ(sets.united(InterestSets::kNobody, one), one);
  EXPECT_THAT(sets[both], ElementsAre(Requester{1, 0, 5}, Requester{2, 7, 0}));
  EXPECT_TRUE(sets[InterestSets::kNobody].empty());
}

TEST(InterestSets, OfOneRequesterTheBestBumpAndTheBestPriorityCount) {
  InterestSets sets;
  const auto one = sets.single({3, 10, -2});
  const auto other = sets.single({3, 4, 6});
  EXPECT_THAT(sets[sets.united(one, other)], ElementsAre(Requester{3, 10, 6}));
}

TEST(InterestSets, ManyAreUnitedWithoutKeepingWhatLiesBetween) {
  InterestSets sets;
  std::vector<InterestId> ids;
  for (std::uint32_t i = 0; i < 100; ++i) ids.push_back(sets.single({i, 0, 0}));
  const auto before = sets.size();
  auto twice = ids;
  twice.insert(twice.end(), ids.begin(), ids.end());
  EXPECT_EQ(sets[sets.united(twice)].size(), 100U);
  EXPECT_EQ(sets.size(), before + 1);
}

TEST(InterestSets, AreWhatMapsSay) {
  std::mt19937 random(1);
  InterestSets sets;
  using Map = std::map<std::uint32_t, Requester>;
  std::vector<std::pair<InterestId, Map>> known{{InterestSets::kNobody, {}}};
  for (int round = 0; round < 3000; ++round) {
    if (random() % 4 == 0) {
      const Requester one{static_cast<std::uint32_t>(random() % 6), static_cast<int>(random() % 3),
                          static_cast<int>(random() % 3)};
      known.emplace_back(sets.single(one), Map{{one.requester, one}});
      continue;
    }
    std::vector<InterestId> ids;
    Map map;
    for (std::size_t count = 2 + random() % 3; count > 0; --count) {
      const auto& [id, of] = known[random() % known.size()];
      ids.push_back(id);
      for (const auto& [number, requester] : of) {
        auto& into = map.try_emplace(number, requester).first->second;
        into.bump = std::max(into.bump, requester.bump);
        into.priority = std::max(into.priority, requester.priority);
      }
    }
    known.emplace_back(sets.united(ids), map);
    std::vector<Requester> expected;
    for (const auto& [number, requester] : map) expected.push_back(requester);
    const auto got = sets[known.back().first];
    ASSERT_EQ(std::vector<Requester>(got.begin(), got.end()), expected);
  }
}

}  // namespace
}  // namespace grange
