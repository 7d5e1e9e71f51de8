#include "build/log_capture.h"

#include <string>

#include <gtest/gtest.h>

#include "base/file.h"
#include "build/test_support.h"

namespace grange {
namespace {

class LogCaptureTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  RecordingObserver observer_;
  LogCapture log_{observer_, directory_.path()};
};

TEST_F(LogCaptureTest, PassesOnWhatComesAtOnce) {
  log_.write("one\ntw");
  EXPECT_EQ(observer_.logged(), "one\ntw");
  log_.write("o\nthree");
  EXPECT_EQ(observer_.logged(), "one\ntwo\nthree");
  log_.finish();
  EXPECT_EQ(log_.tail(), "one\ntwo\nthree");
  EXPECT_EQ(log_.whole(), "one\ntwo\nthree");
  EXPECT_EQ(log_.size(), 13U);
}

TEST_F(LogCaptureTest, HearsPhasesHoweverTheyAreCut) {
  const std::string text =
      "start\n@nix { \"action\": \"setPhase\", \"phase\": \"unpackPhase\" }\nnext\n";
  for (const char c : text) log_.write({&c, 1});
  log_.finish();
  EXPECT_EQ(observer_.logged(), "start\nnext\n");
  EXPECT_EQ(observer_.phases(), std::vector<std::string>{"unpackPhase"});
  EXPECT_EQ(log_.tail(), "start\nnext");
  EXPECT_EQ(log_.whole(), text) << "the log file keeps what the builder wrote";
}

TEST_F(LogCaptureTest, WhatIsNoMessageIsText) {
  const std::string text =
      "@nix nonsense\n@nixos\n@nix {\"action\":3}\n@nix [1]\n@n\n @nix {\"action\":\"setPhase\"}\n";
  log_.write(text);
  log_.finish();
  EXPECT_EQ(observer_.logged(), text);
  EXPECT_TRUE(observer_.phases().empty());
}

TEST_F(LogCaptureTest, AnUnfinishedMessageCounts) {
  log_.write("@nix {\"action\":\"setPhase\",\"phase\":\"fixup\\u001b\"}");
  log_.finish();
  EXPECT_EQ(observer_.phases(), std::vector<std::string>{"fixup\\x1b"});
  EXPECT_EQ(observer_.logged(), "");
}

TEST_F(LogCaptureTest, MessagesMaySpeak) {
  log_.write("@nix {\"action\":\"msg\",\"level\":0,\"msg\":\"look\"}\n");
  log_.finish();
  EXPECT_EQ(observer_.logged(), "look\n");
  EXPECT_EQ(log_.tail(), "look");
}

TEST_F(LogCaptureTest, EndlessLinesAreKeptButNotHeldBack) {
  const std::string text = "@nix {" + std::string(200'000, 'x');
  for (std::size_t at = 0; at < text.size(); at += 1000) log_.write(text.substr(at, 1000));
  EXPECT_EQ(observer_.logged(), text);
  log_.finish();
  EXPECT_EQ(log_.whole(), text);
  EXPECT_LT(log_.tail().size(), 1100U);
}

TEST_F(LogCaptureTest, TheTailIsTheLastLines) {
  for (int line = 0; line < 100; ++line) log_.write("line " + std::to_string(line) + "\n");
  log_.finish();
  const auto tail = log_.tail();
  EXPECT_TRUE(tail.starts_with("line 75\n")) << tail;
  EXPECT_TRUE(tail.ends_with("\nline 99")) << tail;
}

TEST_F(LogCaptureTest, LargeLogsGoToAFile) {
  std::string text;
  std::string line;
  for (int number = 0; text.size() < 3'000'000; ++number) {
    line = "line " + std::to_string(number) + " of a large log\n";
    text += line;
    log_.write(line);
  }
  log_.finish();
  EXPECT_EQ(log_.size(), text.size());
  EXPECT_TRUE(log_.whole() == text);
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path())) << "the file has no name";
}

TEST_F(LogCaptureTest, NothingIsFine) {
  log_.finish();
  EXPECT_EQ(log_.whole(), "");
  EXPECT_EQ(log_.tail(), "");
}

}  // namespace
}  // namespace grange
