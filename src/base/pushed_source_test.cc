#include "base/pushed_source.h"

#include <atomic>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

TEST(PushedSource, WhatIsWrittenIsRead) {
  for (const std::size_t size : {0U, 1U, 1000U, 262'144U, 3'000'001U}) {
    std::string text;
    while (text.size() < size) text += std::to_string(text.size()) + ",";
    text.resize(size);
    read_pushed(
        [&](Sink& sink) {
          for (std::size_t at = 0; at < text.size(); at += 777) {
            sink.write(std::string_view(text).substr(at, 777));
          }
        },
        [&](Source& source) { EXPECT_EQ(read_all(source, size), text); });
  }
}

TEST(PushedSource, AnErrorOfTheWriterReachesTheReaderBehindWhatWasWritten) {
  bool thrown = false;
  EXPECT_THROW(read_pushed(
                   [](Sink& sink) {
                     sink.write(std::string(600'000, 'x'));
                     throw CorruptError("broken");
                   },
                   [&](Source& source) {
                     std::string buffer(1000, ' ');
                     try {
                       while (source.read(buffer.data(), buffer.size()) > 0) {
                       }
                     } catch (const CorruptError&) {
                       thrown = true;
                       throw;
                     }
                   }),
               CorruptError);
  EXPECT_TRUE(thrown);
}

TEST(PushedSource, AReaderMayGoAway) {
  std::atomic<bool> cancelled = false;
  const auto endless = [&](Sink& sink) {
    try {
      for (;;) sink.write(std::string(100'000, 'x'));
    } catch (const CancelledError&) {
      cancelled = true;
      throw;
    }
  };
  read_pushed(endless, [](Source& source) {
    char byte = 0;
    source.read_exactly(&byte, 1);
  });
  EXPECT_TRUE(cancelled.exchange(false));
  EXPECT_THROW(read_pushed(endless, [](Source&) { throw InvalidError("no"); }), InvalidError);
  EXPECT_TRUE(cancelled);
}

}  // namespace
}  // namespace grange
