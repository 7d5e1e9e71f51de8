#include "base/compression.h"

#include <array>
#include <cstring>
#include <vector>

#include <brotli/decode.h>
#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "base/check.h"
#include "base/error.h"

namespace grange {
namespace {

constexpr std::size_t kBuffer = std::size_t{64} << 10;

class PlainSink final : public CompressionSink {
 public:
  explicit PlainSink(Sink& next) : next_(next) {}
  void write(std::string_view data) override { next_.write(data); }
  void finish() override {}

 private:
  Sink& next_;
};

class Bzip2Sink final : public CompressionSink {
 public:
  Bzip2Sink(Sink& next, int level) : next_(next), output_(kBuffer) {
    GRANGE_CHECK(BZ2_bzCompressInit(&stream_, level == 0 ? 9 : level, 0, 0) == BZ_OK);
  }
  ~Bzip2Sink() override { BZ2_bzCompressEnd(&stream_); }

  void write(std::string_view data) override {
    while (!data.empty()) {
      const std::size_t piece = std::min<std::size_t>(data.size(), 1U << 30);
      stream_.next_in = const_cast<char*>(data.data());
      stream_.avail_in = static_cast<unsigned>(piece);
      while (stream_.avail_in > 0) step(BZ_RUN);
      data.remove_prefix(piece);
    }
  }
  void finish() override {
    stream_.avail_in = 0;
    while (step(BZ_FINISH) != BZ_STREAM_END) {
    }
  }

 private:
  int step(int action) {
    stream_.next_out = output_.data();
    stream_.avail_out = static_cast<unsigned>(output_.size());
    const int status = BZ2_bzCompress(&stream_, action);
    GRANGE_CHECK(status == BZ_RUN_OK || status == BZ_FINISH_OK || status == BZ_STREAM_END);
    next_.write({output_.data(), output_.size() - stream_.avail_out});
    return status;
  }

  Sink& next_;
  std::vector<char> output_;
  bz_stream stream_{};
};

class XzSink final : public CompressionSink {
 public:
  XzSink(Sink& next, int level, unsigned threads) : next_(next), output_(kBuffer) {
    const auto preset = static_cast<std::uint32_t>(level == 0 ? 6 : level);
    if (threads <= 1) {
      GRANGE_CHECK(lzma_easy_encoder(&stream_, preset, LZMA_CHECK_CRC64) == LZMA_OK);
      return;
    }
    lzma_mt options{};
    options.threads = threads;
    options.preset = preset;
    options.check = LZMA_CHECK_CRC64;
    GRANGE_CHECK(lzma_stream_encoder_mt(&stream_, &options) == LZMA_OK);
  }
  ~XzSink() override { lzma_end(&stream_); }

  void write(std::string_view data) override {
    stream_.next_in = as_bytes(data).data();
    stream_.avail_in = data.size();
    while (stream_.avail_in > 0) step(LZMA_RUN);
  }
  void finish() override {
    stream_.avail_in = 0;
    while (step(LZMA_FINISH) != LZMA_STREAM_END) {
    }
  }

 private:
  lzma_ret step(lzma_action action) {
    stream_.next_out = output_.data();
    stream_.avail_out = output_.size();
    const lzma_ret status = lzma_code(&stream_, action);
    GRANGE_CHECK(status == LZMA_OK || status == LZMA_STREAM_END);
    next_.write(as_text({output_.data(), output_.size() - stream_.avail_out}));
    return status;
  }

  Sink& next_;
  Bytes output_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

class ZstdSink final : public CompressionSink {
 public:
  ZstdSink(Sink& next, int level, unsigned threads) : next_(next), output_(ZSTD_CStreamOutSize()) {
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level == 0 ? 3 : level);
    // A library without threads refuses, and compresses all the same.
    if (threads > 1) {
      ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_nbWorkers, static_cast<int>(threads));
    }
  }

  void write(std::string_view data) override {
    ZSTD_inBuffer input{data.data(), data.size(), 0};
    while (input.pos < input.size) step(input, ZSTD_e_continue);
  }
  void finish() override {
    ZSTD_inBuffer input{nullptr, 0, 0};
    while (step(input, ZSTD_e_end) != 0) {
    }
  }

 private:
  std::size_t step(ZSTD_inBuffer& input, ZSTD_EndDirective directive) {
    ZSTD_outBuffer output{output_.data(), output_.size(), 0};
    const std::size_t left = ZSTD_compressStream2(context_.get(), &output, &input, directive);
    GRANGE_CHECK(ZSTD_isError(left) == 0);
    next_.write({output_.data(), output.pos});
    return left;
  }

  Sink& next_;
  std::vector<char> output_;
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_{ZSTD_createCCtx(),
                                                                   &ZSTD_freeCCtx};
};

/// What the three decompressors share: one input buffer that is refilled when it is used up.
class Input {
 public:
  explicit Input(Source& from) : from_(from), buffer_(kBuffer) {}
  /// The next unread piece; empty at the end of the source.
  std::string_view next() { return {buffer_.data(), from_.read(buffer_.data(), buffer_.size())}; }

 private:
  Source& from_;
  std::vector<char> buffer_;
};

class PlainSource final : public Source {
 public:
  explicit PlainSource(Source& from) : from_(from) {}
  std::size_t read(char* buffer, std::size_t size) override { return from_.read(buffer, size); }

 private:
  Source& from_;
};

class Bzip2Source final : public Source {
 public:
  explicit Bzip2Source(Source& from) : input_(from) { start(); }
  ~Bzip2Source() override { BZ2_bzDecompressEnd(&stream_); }

  std::size_t read(char* buffer, std::size_t size) override {
    stream_.next_out = buffer;
    stream_.avail_out = static_cast<unsigned>(std::min<std::size_t>(size, 1U << 30));
    const unsigned offered = stream_.avail_out;
    while (stream_.avail_out == offered) {
      if (stream_.avail_in == 0) {
        const auto piece = input_.next();
        if (piece.empty()) {
          if (!ended_) throw CorruptError("the bzip2 stream is truncated");
          return 0;
        }
        stream_.next_in = const_cast<char*>(piece.data());
        stream_.avail_in = static_cast<unsigned>(piece.size());
      }
      if (ended_) {  // bzip2 files may be concatenated
        restart();
      }
      const int status = BZ2_bzDecompress(&stream_);
      if (status == BZ_STREAM_END) {
        ended_ = true;
      } else if (status != BZ_OK) {
        throw CorruptError("the bzip2 stream is broken");
      }
    }
    return offered - stream_.avail_out;
  }

 private:
  void start() { GRANGE_CHECK(BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK); }
  void restart() {
    const bz_stream kept = stream_;
    BZ2_bzDecompressEnd(&stream_);
    stream_ = {};
    start();
    stream_.next_in = kept.next_in;
    stream_.avail_in = kept.avail_in;
    stream_.next_out = kept.next_out;
    stream_.avail_out = kept.avail_out;
    ended_ = false;
  }

  Input input_;
  bz_stream stream_{};
  bool ended_ = false;
};

class XzSource final : public Source {
 public:
  explicit XzSource(Source& from) : input_(from) {
    GRANGE_CHECK(lzma_stream_decoder(&stream_, kMemoryLimit, LZMA_CONCATENATED) == LZMA_OK);
  }
  ~XzSource() override { lzma_end(&stream_); }

  std::size_t read(char* buffer, std::size_t size) override {
    if (ended_) return 0;
    stream_.next_out = reinterpret_cast<std::uint8_t*>(buffer);
    stream_.avail_out = size;
    while (stream_.avail_out == size && !ended_) {
      if (stream_.avail_in == 0 && !drained_) {
        const auto piece = input_.next();
        drained_ = piece.empty();
        stream_.next_in = as_bytes(piece).data();
        stream_.avail_in = piece.size();
      }
      const lzma_ret status = lzma_code(&stream_, drained_ ? LZMA_FINISH : LZMA_RUN);
      if (status == LZMA_STREAM_END) {
        ended_ = true;
      } else if (status == LZMA_BUF_ERROR) {
        throw CorruptError("the xz stream is truncated");
      } else if (status != LZMA_OK) {
        throw CorruptError("the xz stream is broken");
      }
    }
    return size - stream_.avail_out;
  }

 private:
  static constexpr std::uint64_t kMemoryLimit = std::uint64_t{1} << 30;
  Input input_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool drained_ = false;
  bool ended_ = false;
};

class ZstdSource final : public Source {
 public:
  explicit ZstdSource(Source& from) : input_(from) {
    // Long-distance windows of up to 128 MiB (zstd --long=27) are read; larger ones are refused.
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, 27);
  }

  std::size_t read(char* buffer, std::size_t size) override {
    ZSTD_outBuffer output{buffer, size, 0};
    while (output.pos == 0) {
      if (pending_.pos == pending_.size) {
        const auto piece = input_.next();
        if (piece.empty()) {
          if (left_ != 0) throw CorruptError("the zstd stream is truncated");
          return 0;
        }
        pending_ = {piece.data(), piece.size(), 0};
      }
      left_ = ZSTD_decompressStream(context_.get(), &output, &pending_);
      if (ZSTD_isError(left_) != 0) {
        throw CorruptError(std::string("the zstd stream is broken: ") + ZSTD_getErrorName(left_));
      }
    }
    return output.pos;
  }

 private:
  Input input_;
  ZSTD_inBuffer pending_{nullptr, 0, 0};
  std::size_t left_ = 1;  // no frame yet: an empty input is no zstd stream
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context_{ZSTD_createDCtx(),
                                                                   &ZSTD_freeDCtx};
};

class BrotliSource final : public Source {
 public:
  explicit BrotliSource(Source& from) : input_(from) {}

  std::size_t read(char* buffer, std::size_t size) override {
    auto* output = reinterpret_cast<std::uint8_t*>(buffer);
    std::size_t room = size;
    while (room == size && !ended_) {
      const auto result =
          BrotliDecoderDecompressStream(state_.get(), &available_, &next_, &room, &output, nullptr);
      if (result == BROTLI_DECODER_RESULT_SUCCESS) {
        ended_ = true;
        if (available_ > 0 || !input_.next().empty()) {
          throw CorruptError("something follows the brotli stream");
        }
      } else if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT) {
        const auto piece = input_.next();
        if (piece.empty()) throw CorruptError("the brotli stream is truncated");
        next_ = as_bytes(piece).data();
        available_ = piece.size();
      } else if (result == BROTLI_DECODER_RESULT_ERROR) {
        throw CorruptError("the brotli stream is broken");
      }
    }
    return size - room;
  }

 private:
  Input input_;
  const std::uint8_t* next_ = nullptr;
  std::size_t available_ = 0;
  bool ended_ = false;
  std::unique_ptr<BrotliDecoderState, void (*)(BrotliDecoderState*)> state_{
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), &BrotliDecoderDestroyInstance};
};

class GzipSource final : public Source {
 public:
  explicit GzipSource(Source& from) : input_(from) {
    GRANGE_CHECK(inflateInit2(&stream_, kGzip) == Z_OK);
  }
  ~GzipSource() override { inflateEnd(&stream_); }

  std::size_t read(char* buffer, std::size_t size) override {
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(size, 1U << 30));
    const auto offered = stream_.avail_out;
    while (stream_.avail_out == offered) {
      if (stream_.avail_in == 0) {
        const auto piece = input_.next();
        if (piece.empty()) {
          if (!ended_) throw CorruptError("the gzip stream is truncated");
          return 0;
        }
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
        stream_.avail_in = static_cast<uInt>(piece.size());
      }
      if (ended_) {  // gzip files may be concatenated
        GRANGE_CHECK(inflateReset(&stream_) == Z_OK);
        ended_ = false;
      }
      const int status = inflate(&stream_, Z_NO_FLUSH);
      if (status == Z_STREAM_END) {
        ended_ = true;
      } else if (status != Z_OK) {
        throw CorruptError("the gzip stream is broken");
      }
    }
    return offered - stream_.avail_out;
  }

 private:
  static constexpr int kGzip = 16 + MAX_WBITS;  ///< a gzip header, and the largest window
  Input input_;
  z_stream stream_{};
  bool ended_ = false;
};

/// One frame that says how large its content is, so that reading it allocates once.
std::string compress_zstd(std::string_view data, int level) {
  const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                        &ZSTD_freeCCtx);
  std::string output(ZSTD_compressBound(data.size()), '\0');
  const std::size_t size = ZSTD_compressCCtx(context.get(), output.data(), output.size(),
                                             data.data(), data.size(), level == 0 ? 3 : level);
  GRANGE_CHECK(ZSTD_isError(size) == 0);
  output.resize(size);
  output.shrink_to_fit();
  return output;
}

/// What a zstd stream says of its size, if that is plausible for one of its length; else 0.
std::uint64_t claimed_size(std::string_view data) {
  constexpr std::uint64_t kPlausibleRatio = 256;
  const auto size = ZSTD_getFrameContentSize(data.data(), data.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) return 0;
  return size / kPlausibleRatio > data.size() ? 0 : size;
}

}  // namespace

std::unique_ptr<CompressionSink> make_compression_sink(Compression method, Sink& next, int level,
                                                       unsigned threads) {
  const int highest = method == Compression::zstd ? ZSTD_maxCLevel() : 9;
  if (level < 0 || level > highest) {
    throw InvalidError("compression level " + std::to_string(level) + " is not between 1 and " +
                       std::to_string(highest));
  }
  switch (method) {
    case Compression::none:
      return std::make_unique<PlainSink>(next);
    case Compression::bzip2:
      return std::make_unique<Bzip2Sink>(next, level);
    case Compression::xz:
      return std::make_unique<XzSink>(next, level, threads);
    case Compression::zstd:
      return std::make_unique<ZstdSink>(next, level, threads);
    case Compression::brotli:
    case Compression::gzip:
      throw InvalidError("brotli and gzip are only read, not written");
  }
  GRANGE_CHECK(false);
}

std::unique_ptr<Source> make_decompression_source(Compression method, Source& from) {
  switch (method) {
    case Compression::none:
      return std::make_unique<PlainSource>(from);
    case Compression::bzip2:
      return std::make_unique<Bzip2Source>(from);
    case Compression::xz:
      return std::make_unique<XzSource>(from);
    case Compression::zstd:
      return std::make_unique<ZstdSource>(from);
    case Compression::brotli:
      return std::make_unique<BrotliSource>(from);
    case Compression::gzip:
      return std::make_unique<GzipSource>(from);
  }
  GRANGE_CHECK(false);
}

std::string compress(Compression method, std::string_view data, int level) {
  if (method == Compression::zstd) return compress_zstd(data, level);
  StringSink output;
  const auto sink = make_compression_sink(method, output, level);
  sink->write(data);
  sink->finish();
  return output.take();
}

std::string decompress(Compression method, std::string_view data, std::uint64_t limit) {
  StringSource input(data);
  const auto source = make_decompression_source(method, input);
  return read_all(*source, limit, method == Compression::zstd ? claimed_size(data) : 0);
}

}  // namespace grange
