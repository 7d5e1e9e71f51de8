#include "base/compression.h"

#include <array>
#include <random>

#include <gtest/gtest.h>

#include "base/error.h"

namespace grange {
namespace {

class CompressionTest : public testing::TestWithParam<Compression> {};

std::string some_text(std::size_t size) {
  std::mt19937 random(3);
  std::string text(size, '\0');
  for (char& c : text) c = "abcdefgh    "[random() % 12];
  return text;
}

/// Gives one byte at a time.
class ByteByByte final : public Source {
 public:
  explicit ByteByByte(std::string_view text) : source_(text) {}
  std::size_t read(char* buffer, std::size_t) override { return source_.read(buffer, 1); }

 private:
  StringSource source_;
};

TEST_P(CompressionTest, DecompressesWhatItCompresses) {
  for (const std::size_t size : {0U, 1U, 1000U, 300'000U}) {
    const std::string text = some_text(size);
    for (const int level : {0, 1}) {
      const std::string packed = compress(GetParam(), text, level);
      EXPECT_EQ(decompress(GetParam(), packed), text) << size;
      if (size >= 100'000 && GetParam() != Compression::none) {
        EXPECT_LT(packed.size(), size / 2);
      }
    }
  }
}

std::string read_in_pieces(Source& packed, std::size_t piece) {
  const auto source = make_decompression_source(CompressionTest::GetParam(), packed);
  std::string text;
  std::string buffer(piece, '\0');
  while (const auto count = source->read(buffer.data(), piece)) text.append(buffer, 0, count);
  return text;
}

TEST_P(CompressionTest, WorksInPieces) {
  const std::string text = some_text(50'000);
  StringSink packed;
  const auto sink = make_compression_sink(GetParam(), packed);
  for (std::size_t at = 0; at < text.size(); at += 777) {
    sink->write(std::string_view(text).substr(at, 777));
  }
  sink->finish();
  ByteByByte bytes(packed.text());
  EXPECT_EQ(read_in_pieces(bytes, 50'000), text);
  StringSource whole(packed.text());
  EXPECT_EQ(read_in_pieces(whole, 100), text);
}

TEST_P(CompressionTest, HoldsToItsLimit) {
  const std::string packed = compress(GetParam(), some_text(10'000));
  EXPECT_EQ(decompress(GetParam(), packed, 10'000).size(), 10'000U);
  EXPECT_THROW(decompress(GetParam(), packed, 9'999), CorruptError);
}

TEST_P(CompressionTest, ConcatenatedStreamsAreOne) {
  const std::string packed = compress(GetParam(), "one ") + compress(GetParam(), "two");
  EXPECT_EQ(decompress(GetParam(), packed), "one two");
}

TEST_P(CompressionTest, EveryTruncationIsRefused) {
  if (GetParam() == Compression::none) return;
  const std::string packed = compress(GetParam(), some_text(500));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_THROW(decompress(GetParam(), packed.substr(0, size)), CorruptError) << size;
  }
}

/// No flipped byte goes unnoticed unless the text is still right (zstd carries no checksum here).
TEST_P(CompressionTest, BrokenStreamsNeverCrash) {
  if (GetParam() == Compression::none) return;
  const std::string text = some_text(500);
  const std::string packed = compress(GetParam(), text);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < packed.size(); ++at) {
    std::string broken = packed;
    broken[at] = static_cast<char>(broken[at] ^ 0x20);
    try {
      const std::string back = decompress(GetParam(), broken, 1 << 20);
      if (GetParam() != Compression::zstd) {
        EXPECT_EQ(back, text) << at;
      }
    } catch (const CorruptError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 4U);
  EXPECT_THROW(decompress(GetParam(), "no such stream, but long enough"), CorruptError);
  EXPECT_THROW(decompress(GetParam(), packed + "trailing"), CorruptError);
}

std::string name_of(const testing::TestParamInfo<Compression>& tested) {
  constexpr std::array<const char*, 4> kNames = {"none", "bzip2", "xz", "zstd"};
  return kNames[static_cast<std::size_t>(tested.param)];
}

INSTANTIATE_TEST_SUITE_P(All, CompressionTest,
                         testing::Values(Compression::none, Compression::bzip2, Compression::xz,
                                         Compression::zstd),
                         name_of);

}  // namespace
}  // namespace grange
