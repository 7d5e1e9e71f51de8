#include "base/parallel.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

TEST(ParallelTest, VisitsEveryIndexOnce) {
  for (const std::size_t count : {0U, 1U, 15U, 16U, 17U, 1000U}) {
    for (const unsigned threads : {0U, 1U, 4U}) {
      std::vector<std::atomic<int>> visits(count);
      parallel_for(count, threads, [&](std::size_t i) { ++visits[i]; });
      for (const auto& visit : visits) EXPECT_EQ(visit, 1);
    }
  }
}

TEST(ParallelTest, TheFirstErrorStopsTheRest) {
  std::atomic<std::size_t> visits = 0;
  const auto work = [&](std::size_t i) {
    ++visits;
    if (i == 3) throw InvalidError("three");
    // All of it would take seconds: time enough for the thread with the error to go on.
    if (i > 3) std::this_thread::sleep_for(std::chrono::microseconds(100));
  };
  EXPECT_THROW(parallel_for(100'000, 4, work, 1), InvalidError);
  EXPECT_LT(visits, 100'000U);
}

TEST(ParallelTest, APoolFinishesWhatWasPosted) {
  std::atomic<int> done = 0;
  {
    ThreadPool pool(3);
    for (int i = 0; i < 100; ++i) pool.post([&] { ++done; });
  }
  EXPECT_EQ(done, 100);
  EXPECT_GE(processor_count(), 1U);
}

}  // namespace
}  // namespace grange
