#include "store/content_encoding.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/compression.h"
#include "base/error.h"
#include "base/text.h"

namespace grange {
namespace {

/// Nobody encodes twice; who claims to have done it more often means no good.
constexpr std::size_t kMostEncodings = 4;

Compression encoding_called(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower.empty() || lower == "identity" || lower == "none") return Compression::none;
  if (lower == "br") return Compression::brotli;
  if (lower == "gzip" || lower == "x-gzip") return Compression::gzip;
  if (lower == "zstd") return Compression::zstd;
  if (lower == "xz" || lower == "x-xz") return Compression::xz;
  if (lower == "bzip2" || lower == "x-bzip2" || lower == "x-bzip") return Compression::bzip2;
  throw CorruptError("the Content-Encoding '" + printable(name.substr(0, 64)) + "' is not known");
}

}  // namespace

std::string decode_content(std::string body, const std::optional<std::string_view>& encoding,
                           std::uint64_t limit) {
  if (!encoding) return body;
  const auto names = split(*encoding, ',');
  if (names.size() > kMostEncodings) throw CorruptError("it is encoded too many times");
  // The last one was applied last.
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    const auto method = encoding_called(trim(*name));
    if (method != Compression::none) body = decompress(method, body, limit);
  }
  return body;
}

}  // namespace grange
