#include "wire/worker_frames.h"

#include <gtest/gtest.h>

#include "wire/wire_samples.h"

namespace grange {
namespace {

std::string encode_frame(const WireDialect& dialect, const WorkerFrame& frame) {
  StringSink sink;
  WireWriter out(sink, dialect);
  write_worker_frame(out, frame);
  return sink.take();
}

std::vector<WorkerFrame> sample_frames() {
  return {NextFrame{"line\n"},
          ReadFrame{7},
          WriteFrame{std::string("\0x", 2)},
          LastFrame{},
          ErrorFrame{Verbosity::error, "Error", "why", {"while", "trying"}, 1},
          StartActivityFrame{1,
                             Verbosity::info,
                             ActivityType::build,
                             "building",
                             {std::uint64_t{3}, std::string("x")},
                             9},
          StopActivityFrame{1},
          ResultFrame{1, ActivityResult::progress, {std::uint64_t{1}, std::uint64_t{2}}}};
}

TEST(WorkerFrames, GoRoundAndAreCorruptWhereTruncated) {
  for (const unsigned minor : {20U, 25U, 26U, 38U}) {
    const auto dialect = sample_dialect({1, minor});
    for (const auto& frame : sample_frames()) {
      const auto bytes = encode_frame(dialect, frame);
      StringSource source(bytes);
      WireReader in(source, dialect);
      const auto again = read_worker_frame(in);
      EXPECT_EQ(again.index(), frame.index());
      EXPECT_EQ(encode_frame(dialect, again), bytes);
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        StringSource cut(std::string_view(bytes).substr(0, size));
        WireReader cut_in(cut, dialect);
        EXPECT_THROW(read_worker_frame(cut_in), CorruptError);
      }
    }
  }
}

TEST(WorkerFrames, HandMadeErrors) {
  const auto dialect = sample_dialect({1, 26});
  const ErrorFrame error{Verbosity::warn, "E", "m", {"t"}, 1};
  const std::string zero(8, '\0');
  const auto number = [](char value) { return std::string(1, value) + std::string(7, '\0'); };
  EXPECT_EQ(encode_frame(dialect, error),
            std::string("ptxc\0\0\0\0", 8) + number(5) + std::string("Error\0\0\0", 8) + number(1) +
                number(1) + std::string("E\0\0\0\0\0\0\0", 8) + number(1) +
                std::string("m\0\0\0\0\0\0\0", 8) + zero + number(1) + zero + number(1) +
                std::string("t\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(
      encode_frame(sample_dialect({1, 25}), error),
      std::string("ptxc\0\0\0\0", 8) + number(1) + std::string("m\0\0\0\0\0\0\0", 8) + number(1));
}

TEST(WorkerFrames, RefusesUnknownOnes) {
  const auto dialect = sample_dialect({1, 34});
  const auto bytes = encode(dialect, std::uint64_t{12});
  StringSource source(bytes);
  WireReader in(source, dialect);
  EXPECT_THROW(read_worker_frame(in), CorruptError);
  EXPECT_THROW(encode_frame(sample_dialect({1, 19}), StopActivityFrame{1}), InvalidError);
}

}  // namespace
}  // namespace grange
