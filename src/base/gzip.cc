#include "base/gzip.h"

#include <zlib.h>

#include "base/check.h"

namespace grange {

std::string gzip(std::string_view data, int level) {
  constexpr int kGzip = 16 + MAX_WBITS;  // a gzip header, and the largest window
  constexpr int kMemory = 8;             // zlib's own choice
  z_stream stream{};
  GRANGE_CHECK(deflateInit2(&stream, level, Z_DEFLATED, kGzip, kMemory, Z_DEFAULT_STRATEGY) ==
               Z_OK);
  std::string packed(deflateBound(&stream, static_cast<uLong>(data.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int status = deflate(&stream, Z_FINISH);
  const auto left = stream.avail_out;
  deflateEnd(&stream);
  GRANGE_CHECK(status == Z_STREAM_END);
  packed.resize(packed.size() - left);
  return packed;
}

}  // namespace grange
