#include "daemon/frame_queue.h"

#include <thread>

#include <gtest/gtest.h>

namespace grange {
namespace {

TEST(FrameQueue, GivesWhatWasPushedAndWaits) {
  FrameQueue queue;
  queue.push(NextFrame{"a"});
  queue.push(StopActivityFrame{3});
  const auto frames = queue.take({});
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(std::get<NextFrame>(frames[0]).text, "a");
  const std::jthread pusher([&] { queue.push(NextFrame{"later"}); });
  EXPECT_EQ(queue.take({}).size(), 1U);
  queue.wake();
  EXPECT_TRUE(queue.take({}).empty());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(queue.take(stop.get_token()).empty());
}

TEST(FrameQueue, LeavesOutLinesForWhoDoesNotRead) {
  FrameQueue queue;
  const std::string line(std::size_t{1} << 20, 'x');
  for (int i = 0; i < 40; ++i) queue.push(ResultFrame{1, ActivityResult::build_log_line, {line}});
  queue.push(StopActivityFrame{1});
  const auto frames = queue.take_now();
  ASSERT_LT(frames.size(), 20U);
  EXPECT_NE(std::get<NextFrame>(frames.back()).text.find("lines were left out"), std::string::npos);
  EXPECT_EQ(std::get<StopActivityFrame>(frames[frames.size() - 2]).id, 1U);
}

}  // namespace
}  // namespace grange
