#include "base/stream.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

TEST(StreamTest, ReadsExactlyOrSaysWhatIsMissing) {
  StringSource source("abc");
  char buffer[8];
  source.read_exactly(buffer, 2);
  EXPECT_THROW(source.read_exactly(buffer, 2), CorruptError);
}

TEST(StreamTest, ReadAllHoldsToItsLimit) {
  StringSource enough("12345");
  EXPECT_EQ(read_all(enough, 5), "12345");
  StringSource more("123456");
  EXPECT_THROW(read_all(more, 5), CorruptError);
}

TEST(StreamTest, SinksAndSourcesHandOn) {
  StringSink text;
  HashSink hash(HashAlgorithm::sha256, &text);
  StringSink other;
  TeeSink tee(hash, other);
  StringSource source("hello");
  StringSink seen;
  TeeSource through(source, seen);
  EXPECT_EQ(drain(through, tee), 5U);
  EXPECT_EQ(text.text(), "hello");
  EXPECT_EQ(other.text(), "hello");
  EXPECT_EQ(seen.text(), "hello");
  EXPECT_EQ(hash.size(), 5U);
  EXPECT_EQ(hash.finish(), hash_bytes(HashAlgorithm::sha256, "hello"));
}

TEST(StreamTest, DescriptorsCarryEverything) {
  auto [reader, writer] = make_pipe();
  FdSink sink(writer.get());
  sink.write("through a pipe");
  writer.reset();
  FdSource source(reader.get());
  EXPECT_EQ(read_all(source, 100), "through a pipe");
  EXPECT_THROW(FdSink(-1).write("x"), SystemError);
}

}  // namespace
}  // namespace grange
