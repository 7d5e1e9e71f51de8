#include "evaluate/line_buffer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "base/stream.h"

namespace grange {
namespace {

class LineBufferTest : public testing::Test {
 protected:
  LineBufferTest() {
    auto [read_end, write_end] = make_pipe();
    ::fcntl(read_end.get(), F_SETFL, O_NONBLOCK);
    reader = std::move(read_end);
    writer = std::move(write_end);
  }
  void write(std::string_view text) { FdSink(writer.get()).write(text); }

  FileDescriptor reader;
  FileDescriptor writer;
  LineBuffer lines;
};

TEST_F(LineBufferTest, HandsOutWholeLines) {
  EXPECT_FALSE(lines.read_from(reader.get()));
  write("one\n\ntw");
  EXPECT_TRUE(lines.read_from(reader.get()));
  EXPECT_EQ(lines.next(), "one");
  EXPECT_EQ(lines.next(), "");
  EXPECT_EQ(lines.next(), std::nullopt);
  write("o\nrest");
  EXPECT_TRUE(lines.read_from(reader.get()));
  EXPECT_EQ(lines.next(), "two");
  EXPECT_EQ(lines.next(), std::nullopt);
  writer.reset();
  EXPECT_FALSE(lines.read_from(reader.get()));
}

TEST_F(LineBufferTest, RefusesALineWithoutEnd) {
  const std::string piece(32 << 10, 'x');
  for (std::size_t written = 0; written <= LineBuffer::kLongestLine; written += piece.size()) {
    EXPECT_FALSE(lines.overflowed());
    write(piece);
    lines.read_from(reader.get());
    EXPECT_EQ(lines.next(), std::nullopt);
  }
  EXPECT_TRUE(lines.overflowed());
}

}  // namespace
}  // namespace grange
