#include "plan/need_list.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace grange {
namespace {

std::vector<std::uint32_t> who_needs(const NeedList& needs, StepIndex step) {
  std::vector<std::uint32_t> result;
  for (auto id = needs.first_for(step); id != NeedList::kNone; id = needs.next_for(id)) {
    EXPECT_EQ(needs[id].step, step);
    result.push_back(needs[id].from);
  }
  return result;
}

std::vector<StepIndex> needed_by(const NeedList& needs, StepIndex from) {
  std::vector<StepIndex> result;
  for (auto id = needs.first_from(from); id != NeedList::kNone; id = needs.next_from(id)) {
    EXPECT_EQ(needs[id].from, from);
    result.push_back(needs[id].step);
  }
  std::sort(result.begin(), result.end());
  return result;
}

using Indices = std::vector<std::uint32_t>;

TEST(NeedList, KeepsTheOrderOfEachStepsNeeds) {
  NeedList needs;
  needs.add_from_step(7, 3, 1);
  const auto middle = needs.add_from_want(0, 3, 1);
  needs.add_from_step(5, 3, 2);
  needs.add_from_step(7, 4, 1);
  EXPECT_EQ(who_needs(needs, 3), (Indices{7, 0, 5}));
  EXPECT_EQ(needed_by(needs, 7), (Indices{3, 4}));
  EXPECT_FALSE(needs.has_needs(0)) << "a want is not a step";
  needs.remove(middle);
  EXPECT_EQ(who_needs(needs, 3), (Indices{7, 5}));
  EXPECT_FALSE(needs.is_needed(7));
  EXPECT_FALSE(needs.is_needed(1000));
}

TEST(NeedList, AgreesWithAPlainVectorUnderRandomUse) {
  struct Entry {
    NeedList::Id id;
    std::uint32_t from;
    StepIndex step;
  };
  std::mt19937 random(1);
  NeedList needs;
  std::vector<Entry> model;
  for (int round = 0; round < 3000; ++round) {
    if (model.empty() || random() % 5 < 3) {
      const StepIndex from = random() % 8;
      const StepIndex step = random() % 8;
      model.push_back({needs.add_from_step(from, step, 1), from, step});
    } else {
      const auto at = model.begin() + static_cast<std::ptrdiff_t>(random() % model.size());
      needs.remove(at->id);
      model.erase(at);
    }
    const StepIndex step = random() % 8;
    Indices users;
    Indices used;
    for (const auto& entry : model) {
      if (entry.step == step) users.push_back(entry.from);
      if (entry.from == step) used.push_back(entry.step);
    }
    std::sort(used.begin(), used.end());
    ASSERT_EQ(who_needs(needs, step), users);
    ASSERT_EQ(needed_by(needs, step), used);
  }
}

}  // namespace
}  // namespace grange
