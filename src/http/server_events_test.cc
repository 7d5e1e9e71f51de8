#include "http/server_events.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

const std::string kStreamOfEvents =
    ": hello\n\nretry: 1500\nid: 7\nevent: build-finished\ndata: {\"id\":1}\n\n"
    "data: one\ndata:two\r\n\r\nid: 8\n\nevent: nothing\n\ndata\n\n";

const std::vector<ServerEvent> kEventsInStream{
    {"7", "build-finished", "{\"id\":1}"}, {"7", "message", "one\ntwo"}, {"8", "message", ""}};

TEST(ServerEventReader, ReadsEventsAndWhatToGoOnWith) {
  ServerEventReader reader;
  EXPECT_EQ(reader.take(kStreamOfEvents), kEventsInStream);
  EXPECT_EQ(reader.last_id(), "8");
  EXPECT_EQ(reader.retry(), std::chrono::milliseconds(1500));
}

TEST(ServerEventReader, ItDoesNotMatterHowBytesAreCut) {
  ServerEventReader reader;
  std::vector<ServerEvent> events;
  for (const char c : kStreamOfEvents) {
    for (auto& event : reader.take({&c, 1})) events.push_back(std::move(event));
  }
  EXPECT_EQ(events, kEventsInStream);
}

TEST(ServerEventReader, WhatWouldBreakAHeaderIsNoId) {
  ServerEventReader reader;
  reader.take("id: 3\n\nid: \x01\n\n");
  EXPECT_EQ(reader.last_id(), "3");
  reader.take("id: " + std::string(300, '4') + "\n\nretry: soon\n\n");
  EXPECT_EQ(reader.last_id(), "3");
  EXPECT_FALSE(reader.retry());
}

TEST(ServerEventReader, AnEventThatIsTooLongIsRefused) {
  ServerEventReader reader(100);
  EXPECT_THROW(reader.take("data: " + std::string(200, 'x')), CorruptError);
  ServerEventReader in_lines(100);
  EXPECT_THROW(
      {
        for (int i = 0; i < 100; ++i) in_lines.take("data: x\n");
      },
      CorruptError);
}

}  // namespace
}  // namespace grange
