#include "daemon/cache_memory.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

std::shared_ptr<const RememberedText> sample_text(std::size_t size) {
  return std::make_shared<const RememberedText>(RememberedText{std::string(size, 'x'), "tag"});
}

TEST(CacheMemoryTest, RemembersForOneVersion) {
  CacheMemory memory(10'000);
  memory.put("a", 1, sample_text(10));
  ASSERT_NE(memory.find("a", 1), nullptr);
  EXPECT_EQ(memory.find("a", 1)->text->size(), 10U);
  EXPECT_EQ(memory.find("a", 2), nullptr);
  EXPECT_EQ(memory.find("b", 1), nullptr);
  memory.put("a", 2, sample_text(20));
  EXPECT_EQ(memory.find("a", 1), nullptr);
  EXPECT_EQ(memory.find("a", 2)->text->size(), 20U);
}

TEST(CacheMemoryTest, HoldsNoMoreThanItIsTold) {
  CacheMemory memory(100'000);
  for (int i = 0; i < 1'000; ++i) {
    memory.put("key " + std::to_string(i), 1, sample_text(1'000));
    EXPECT_NE(memory.find("key 0", 1), nullptr) << "what is asked for all the time stays";
    EXPECT_LE(memory.size(), 100'000U);
  }
  EXPECT_EQ(memory.find("key 1", 1), nullptr);
  memory.put("too large", 1, sample_text(60'000));
  EXPECT_EQ(memory.find("too large", 1), nullptr);
}

TEST(CacheMemoryTest, RemembersThatThereIsNothing) {
  CacheMemory memory(10'000);
  memory.put("a", 1, std::make_shared<const RememberedText>());
  ASSERT_NE(memory.find("a", 1), nullptr);
  EXPECT_FALSE(memory.find("a", 1)->text);
}

}  // namespace
}  // namespace grange
