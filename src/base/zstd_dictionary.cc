#include "base/zstd_dictionary.h"

#include <algorithm>

#include <zstd.h>

#include "base/error.h"

namespace grange {
namespace {

constexpr int kDictionaryLevel = 7;
constexpr std::size_t kFirstRoom = std::size_t{64} << 10;

struct FreeZstd {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  void operator()(ZSTD_CDict* dictionary) const { ZSTD_freeCDict(dictionary); }
  void operator()(ZSTD_DDict* dictionary) const { ZSTD_freeDDict(dictionary); }
};

template <typename T>
using OwnedZstd = std::unique_ptr<T, FreeZstd>;

template <typename T>
OwnedZstd<T> owned_zstd(T* made) {
  if (made == nullptr) throw UnavailableError("zstd: out of memory");
  return OwnedZstd<T>(made);
}

}  // namespace

/// What compresses is made when it is first needed: most only read.
struct ZstdDictionary::Data {
  std::string text;
  OwnedZstd<ZSTD_DDict> reading;
  OwnedZstd<ZSTD_CDict> writing;
  OwnedZstd<ZSTD_CCtx> context;
};

ZstdDictionary::ZstdDictionary(std::string_view text) : data_(std::make_unique<Data>()) {
  data_->text = text;
  data_->reading = owned_zstd(ZSTD_createDDict(text.data(), text.size()));
}

ZstdDictionary::~ZstdDictionary() = default;
ZstdDictionary::ZstdDictionary(ZstdDictionary&&) noexcept = default;
ZstdDictionary& ZstdDictionary::operator=(ZstdDictionary&&) noexcept = default;

std::string ZstdDictionary::compress(std::string_view data) {
  auto& own = *data_;
  if (!own.context) {
    own.context = owned_zstd(ZSTD_createCCtx());
    own.writing = owned_zstd(ZSTD_createCDict(own.text.data(), own.text.size(), kDictionaryLevel));
  }
  std::string packed(ZSTD_compressBound(data.size()), '\0');
  const auto size = ZSTD_compress_usingCDict(own.context.get(), packed.data(), packed.size(),
                                             data.data(), data.size(), own.writing.get());
  if (ZSTD_isError(size) != 0) {
    throw UnavailableError(std::string("zstd: ") + ZSTD_getErrorName(size));
  }
  packed.resize(size);
  return packed;
}

std::string ZstdDictionary::decompress(std::string_view data, std::uint64_t limit) const {
  const auto context = owned_zstd(ZSTD_createDCtx());
  ZSTD_DCtx_refDDict(context.get(), data_->reading.get());
  std::string text;
  ZSTD_inBuffer in{data.data(), data.size(), 0};
  for (;;) {
    // Room is made for what comes, whatever its header says of the size.
    const auto used = text.size();
    text.resize(std::max(kFirstRoom, 2 * used));
    ZSTD_outBuffer out{text.data(), text.size(), used};
    const auto left = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(left) != 0) {
      throw CorruptError(std::string("zstd: ") + ZSTD_getErrorName(left));
    }
    text.resize(out.pos);
    if (text.size() > limit) {
      throw CorruptError("zstd: the data is larger than " + std::to_string(limit) + " bytes");
    }
    if (left == 0) break;
    if (in.pos == in.size && out.pos < out.size) {
      throw CorruptError("zstd: the data is truncated");
    }
  }
  if (in.pos != in.size) throw CorruptError("zstd: something follows the data");
  return text;
}

}  // namespace grange
