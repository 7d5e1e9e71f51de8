#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/stream.h"

namespace grange {

/// gzip and brotli are only read.
enum class Compression { none, bzip2, xz, zstd, brotli, gzip };

/// A sink that compresses into another. `finish` writes the end of the stream and must be called;
/// without it the stream is truncated.
class CompressionSink : public Sink {
 public:
  virtual void finish() = 0;
};
/// `level` 0 means the format's own default. `threads` above 1: xz and zstd compress blocks of
/// their own at once. Throws InvalidError for a method that is only read, and for a level that it
/// has not.
std::unique_ptr<CompressionSink> make_compression_sink(Compression method, Sink& next,
                                                       int level = 0, unsigned threads = 1);

/// A source that reads decompressed bytes; CorruptError for a broken or truncated stream.
std::unique_ptr<Source> make_decompression_source(Compression method, Source& from);

std::string compress(Compression method, std::string_view data, int level = 0);
/// Refuses with CorruptError to grow beyond `limit` bytes.
std::string decompress(Compression method, std::string_view data,
                       std::uint64_t limit = std::uint64_t{1} << 32);

}  // namespace grange
