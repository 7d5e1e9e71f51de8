#include "farm/step_logs.h"

#include <gtest/gtest.h>

namespace grange {
namespace {

/// What read_through gives; nothing where there is no log.
std::optional<std::string> whole(StepLogs& logs, std::int64_t step) {
  StringSink sink;
  if (!logs.read_through(step, sink)) return std::nullopt;
  return sink.text();
}

TEST(StepLogsTest, AreReadWhileTheyGrowAndWhenTheyAreComplete) {
  const TemporaryDirectory directory;
  StepLogs logs(directory.path() / "logs");
  EXPECT_EQ(whole(logs, 7), std::nullopt);
  EXPECT_EQ(logs.size(7), std::nullopt);
  logs.append(7, "dropped, since it has not begun");
  logs.begin(7);
  EXPECT_EQ(whole(logs, 7), "") << "it has said nothing yet";
  // More than is read at once.
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += "line " + std::to_string(i) + "\n";
  logs.append(7, text);
  EXPECT_EQ(whole(logs, 7), text);
  EXPECT_EQ(logs.read(7, 5, 4), text.substr(5, 4));
  EXPECT_TRUE(logs.is_live(7));
  logs.append(7, "end\n");
  text += "end\n";
  logs.end(7);
  EXPECT_FALSE(logs.is_live(7));
  EXPECT_EQ(whole(logs, 7), text);
  EXPECT_EQ(logs.size(7), text.size());
  EXPECT_EQ(logs.read(7, text.size(), 10), "");
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "logs/0/7.log")) << "it is compressed";
}

TEST(StepLogsTest, WhatAKilledServerLeftIsComplete) {
  const TemporaryDirectory directory;
  {
    StepLogs killed(directory.path());
    killed.begin(1001);
    killed.append(1001, "half\n");
  }
  StepLogs logs(directory.path());
  EXPECT_EQ(whole(logs, 1001), "half\n");
  logs.finish_leftovers();
  EXPECT_EQ(whole(logs, 1001), "half\n");
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "1/1001.log.zst"));
}

}  // namespace
}  // namespace grange
