#include "evaluate/walk_queue.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

std::shared_ptr<const WalkSet> set_of(std::vector<std::string> path, std::size_t members) {
  WalkSet set;
  set.path = std::move(path);
  for (std::size_t i = 0; i < members; ++i) set.names.push_back("m" + std::to_string(i));
  return std::make_shared<const WalkSet>(std::move(set));
}

TEST(WalkQueue, HandsOutEveryMemberOnce) {
  WalkQueue queue;
  queue.add(set_of({"a"}, 5));
  queue.add(set_of({"b"}, 2));
  queue.add(set_of({"nothing"}, 0));
  EXPECT_EQ(queue.waiting(), 7U);
  std::vector<std::string> seen;
  while (auto batch = queue.take(3)) {
    for (std::size_t i = 0; i < batch->count; ++i) {
      const auto path = batch->set->attr_path(batch->first + i);
      seen.push_back(path.at(0) + path.at(1));
    }
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"am0", "am1", "am2", "am3", "am4", "bm0", "bm1"}));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.added(), 7U);
}

TEST(WalkQueue, TakesTheRestOfABatchBackFirst) {
  WalkQueue queue;
  queue.add(set_of({}, 10));
  auto batch = queue.take(4);
  batch->first += 1;
  batch->count -= 1;
  queue.put_back(*batch);
  EXPECT_EQ(queue.waiting(), 9U);
  const auto again = queue.take(100);
  EXPECT_EQ(again->first, 1U);
  EXPECT_EQ(again->count, 3U);
  EXPECT_EQ(queue.take(100)->first, 4U);
  batch->count = 0;
  queue.put_back(*batch);
  EXPECT_TRUE(queue.empty());
}

TEST(WalkQueue, KeepsRetriesApart) {
  WalkQueue queue;
  queue.add_retry({set_of({}, 3), 1, 1, 1});
  EXPECT_FALSE(queue.empty());
  EXPECT_EQ(queue.waiting(), 0U);
  EXPECT_FALSE(queue.take(1));
  EXPECT_EQ(queue.take_retry()->deaths, 1U);
  EXPECT_FALSE(queue.take_retry());
}

TEST(WalkQueue, HandsOutSelectedPathsOneByOne) {
  WalkSet selection;
  selection.selected = {{}, {"a", "b"}};
  WalkQueue queue;
  queue.add(std::make_shared<const WalkSet>(selection));
  const auto first = queue.take(10);
  EXPECT_EQ(first->count, 1U);
  EXPECT_TRUE(first->set->attr_path(0).empty());
  EXPECT_EQ(queue.take(10)->first, 1U);
  EXPECT_FALSE(queue.take(10));
}

}  // namespace
}  // namespace grange
